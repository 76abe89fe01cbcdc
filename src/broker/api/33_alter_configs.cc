// AlterConfigs, v0 to v2: replaces all settings of a resource by those given.
//
// Promises: a resource changes wholly or not at all. Deprecated by Kafka for
// IncrementalAlterConfigs, and used by old clients.
#include "broker/api/by_controller.h"
#include "broker/api/handlers.h"
#include "kafka/messages/alter_configs.h"

namespace millrace::broker {

runtime::Task<> handle_alter_configs(Request* request) {
  const auto wanted = co_await request->decode<kafka::AlterConfigsRequest>();
  co_await commit_and_answer(
      request, request->node().quorum.controller().alter_configs(wanted, request->arena()));
}

}  // namespace millrace::broker
