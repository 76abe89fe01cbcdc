// DeleteTopics, v1 to v6: removes topics with all that is in them; from v6 by id too.
//
// Promises: each topic succeeds or fails by itself; when the answer leaves they are gone, and their
// files go after file.delete.delay.ms.
#include "broker/api/by_controller.h"
#include "broker/api/handlers.h"
#include "kafka/messages/delete_topics.h"

namespace millrace::broker {

runtime::Task<> handle_delete_topics(Request* request) {
  const auto wanted = co_await request->decode<kafka::DeleteTopicsRequest>();
  co_await commit_and_answer(request, request->node().quorum.controller().delete_topics(
                                          wanted, request->version(), request->arena()));
}

}  // namespace millrace::broker
