// IncrementalAlterConfigs, v0 to v1: sets, removes, appends to and subtracts from single settings.
//
// Promises: a resource changes wholly or not at all; what is changed is in force when the answer
// leaves.
#include "broker/api/by_controller.h"
#include "broker/api/handlers.h"
#include "kafka/messages/incremental_alter_configs.h"

namespace millrace::broker {

runtime::Task<> handle_incremental_alter_configs(Request* request) {
  const auto wanted = co_await request->decode<kafka::IncrementalAlterConfigsRequest>();
  co_await commit_and_answer(request, request->node().quorum.controller().incremental_alter_configs(
                                          wanted, request->arena()));
}

}  // namespace millrace::broker
