// DeleteGroups, v0 to v2: removes empty groups with their offsets.
#include "broker/api/by_groups.h"
#include "broker/api/handlers.h"
#include "kafka/messages/delete_groups.h"

namespace millrace::broker {
namespace {

using kafka::DeleteGroupsRequest;
using kafka::DeleteGroupsResponse;

}  // namespace

runtime::Task<> handle_delete_groups(Request* request) {
  const auto wanted = co_await request->decode<DeleteGroupsRequest>();
  Arena& arena = request->arena();
  DeleteGroupsResponse answer;
  answer.results = arena.make_array<DeleteGroupsResponse::Group>(wanted.groups_names.size());
  for (size_t i = 0; i < wanted.groups_names.size(); ++i) {
    answer.results[i].group_id = wanted.groups_names[i];
  }
  const GroupRoutes routes = co_await route_groups(&request->node(), wanted.groups_names);
  for (const auto& [position, why] : routes.refused) {
    answer.results[position].error_code = wire_code(why);
  }
  for (const GroupRoutes::Route& route : routes.routes) {
    DeleteGroupsRequest part = wanted;
    part.groups_names = arena.copy_array(route.groups);
    GroupCall call(route.shard, *request);
    call.coordinator().delete_groups(call.context(), part);
    const group::AnyResponse* reply = co_await call.reply();
    const auto& found = std::get<DeleteGroupsResponse>(*reply);
    for (size_t i = 0; i < route.positions.size(); ++i) {
      answer.results[route.positions[i]].error_code = found.results[i].error_code;
    }
  }
  co_await request->answer(answer);
}

}  // namespace millrace::broker
