// CreatePartitions, v0 to v3: gives topics more partitions.
//
// Promises: each topic succeeds or fails by itself; when the answer leaves, the new partitions can
// be used. Existing records stay where they are, so keys may move to other partitions.
#include "broker/api/by_controller.h"
#include "broker/api/handlers.h"
#include "kafka/messages/create_partitions.h"

namespace millrace::broker {

runtime::Task<> handle_create_partitions(Request* request) {
  const auto wanted = co_await request->decode<kafka::CreatePartitionsRequest>();
  co_await commit_and_answer(
      request, request->node().quorum.controller().create_partitions(wanted, request->arena()));
}

}  // namespace millrace::broker
