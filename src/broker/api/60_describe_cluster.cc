// DescribeCluster, v0 to v2: the cluster's id, controller and brokers.
//
// Promises: brokers are named by the listener the client came through. Controllers (endpoint type
// 2) are not described on a broker's listener: MISMATCHED_ENDPOINT_TYPE.
#include "broker/api/authorized_operations.h"
#include "broker/api/handlers.h"
#include "broker/node.h"
#include "broker/request.h"
#include "broker/server.h"
#include "kafka/messages/describe_cluster.h"

namespace millrace::broker {
namespace {

constexpr int8_t kBrokers = 1;
constexpr int8_t kControllers = 2;

}  // namespace

runtime::Task<> handle_describe_cluster(Request* request) {
  const auto wanted = co_await request->decode<kafka::DescribeClusterRequest>();
  const Node& node = request->node();
  Arena& arena = request->arena();
  kafka::DescribeClusterResponse answer;
  if (wanted.endpoint_type != kBrokers) {
    const Error error(wanted.endpoint_type == kControllers ? Errc::kMismatchedEndpointType
                                                           : Errc::kUnsupportedEndpointType);
    answer.error_code = error.kafka_code();
    answer.error_message = arena.copy(error.message());
    co_await request->answer(answer);
    co_return;
  }
  const runtime::Address address = node.server.advertised_to(request->connection());
  answer.cluster_id = node.cluster_id;
  answer.controller_id = node.id;
  answer.brokers = arena.make_array<kafka::DescribeClusterResponse::Broker>(1);
  answer.brokers[0].broker_id = node.id;
  answer.brokers[0].host = arena.copy(address.host);
  answer.brokers[0].port = address.port;
  if (const auto rack = node.settings.get<"broker.rack">()) {
    answer.brokers[0].rack = arena.copy(*rack);
  }
  if (wanted.include_cluster_authorized_operations) {
    answer.cluster_authorized_operations = kClusterOperations;
  }
  co_await request->answer(answer);
}

}  // namespace millrace::broker
