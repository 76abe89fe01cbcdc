// DescribeConfigs, v1 to v4: the settings of topics, brokers, groups and client-metrics
// subscriptions, with where each value comes from and what else would have counted.
//
// Promises: secrets are never shown. Each resource has its own error.
#include "broker/api/handlers.h"
#include "broker/node.h"
#include "broker/quorum.h"
#include "broker/request.h"
#include "metadata/config_view.h"

namespace millrace::broker {

runtime::Task<> handle_describe_configs(Request* request) {
  const auto wanted = co_await request->decode<kafka::DescribeConfigsRequest>();
  const Node& node = request->node();
  co_await request->answer(metadata::describe_configs(wanted, node.quorum.image(), node.settings,
                                                      node.id, request->arena()));
}

}  // namespace millrace::broker
