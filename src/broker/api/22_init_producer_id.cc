// InitProducerId, v0 to v5: a number for an idempotent producer.
//
// Promises: no number is ever given twice, across restarts too; the epoch is 0.
// Differences: transactions are not offered: a transactional id gets
// TRANSACTIONAL_ID_AUTHORIZATION_FAILED, which clients treat as final.
#include "broker/api/handlers.h"
#include "broker/node.h"
#include "broker/producer_ids.h"
#include "broker/request.h"
#include "kafka/messages/init_producer_id.h"

namespace millrace::broker {

runtime::Task<> handle_init_producer_id(Request* request) {
  const auto wanted = co_await request->decode<kafka::InitProducerIdRequest>();
  kafka::InitProducerIdResponse answer;
  answer.producer_epoch = kNoProducerEpoch;
  if (wanted.transactional_id) {
    answer.error_code =
        wire_code(wanted.transactional_id->empty() ? Errc::kInvalidRequest
                                                   : Errc::kTransactionalIdAuthorizationFailed);
    co_await request->answer(answer);
    co_return;
  }
  const Result<ProducerId> id = co_await as_result(request->node().producer_ids.next());
  if (id) {
    answer.producer_id = *id;
    answer.producer_epoch = ProducerEpoch(0);
  } else {
    answer.error_code = id.error().kafka_code();
  }
  co_await request->answer(answer);
}

}  // namespace millrace::broker
