// DescribeGroups, v0 to v6: state, protocol and members of classic groups.
//
// Promises: an unknown group is Dead without an error; from v6 it is GROUP_ID_NOT_FOUND. Authorized
// operations are all, when asked for: there is no authorizer.
#include "broker/api/authorized_operations.h"
#include "broker/api/by_groups.h"
#include "broker/api/handlers.h"
#include "kafka/messages/describe_groups.h"

namespace millrace::broker {
namespace {

using kafka::DescribeGroupsRequest;
using kafka::DescribeGroupsResponse;

}  // namespace

runtime::Task<> handle_describe_groups(Request* request) {
  const auto wanted = co_await request->decode<DescribeGroupsRequest>();
  Arena& arena = request->arena();
  DescribeGroupsResponse answer;
  answer.groups = arena.make_array<DescribeGroupsResponse::Group>(wanted.groups.size());
  const GroupRoutes routes = co_await route_groups(&request->node(), wanted.groups);
  for (const auto& [position, why] : routes.refused) {
    answer.groups[position].group_id = wanted.groups[position];
    answer.groups[position].error_code = wire_code(why);
  }
  for (const GroupRoutes::Route& route : routes.routes) {
    DescribeGroupsRequest part = wanted;
    part.groups = arena.copy_array(route.groups);
    GroupCall call(route.shard, *request);
    call.coordinator().describe_groups(call.context(), part);
    const group::AnyResponse* reply = co_await call.reply();
    request->keep(call.memory());
    const auto& found = std::get<DescribeGroupsResponse>(*reply);
    for (size_t i = 0; i < route.positions.size(); ++i) {
      answer.groups[route.positions[i]] = found.groups[i];
    }
  }
  if (wanted.include_authorized_operations) {
    for (DescribeGroupsResponse::Group& group : answer.groups) {
      if (group.error_code == 0) group.authorized_operations = kGroupOperations;
    }
  }
  co_await request->answer(answer);
}

}  // namespace millrace::broker
