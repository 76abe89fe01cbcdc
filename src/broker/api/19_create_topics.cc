// CreateTopics, v2 to v7: makes topics.
//
// Promises: each topic succeeds or fails by itself; when the answer leaves, the new ones can be
// used. With validate_only nothing is made. Differences: timeout.ms is not used: there is nobody to
// wait for but the disk.
#include "broker/api/by_controller.h"
#include "broker/api/handlers.h"
#include "kafka/messages/create_topics.h"

namespace millrace::broker {

runtime::Task<> handle_create_topics(Request* request) {
  const auto wanted = co_await request->decode<kafka::CreateTopicsRequest>();
  co_await commit_and_answer(
      request, request->node().quorum.controller().create_topics(wanted, request->arena()));
}

}  // namespace millrace::broker
