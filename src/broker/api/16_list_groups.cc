// ListGroups, v0 to v5: all groups of this broker, perhaps only those in some states or of some
// types.
//
// Promises: while a part of the groups is still being loaded the answer is
// COORDINATOR_LOAD_IN_PROGRESS and no partial list.
#include "broker/api/by_groups.h"
#include "broker/api/handlers.h"
#include "kafka/messages/list_groups.h"

namespace millrace::broker {
namespace {

using kafka::ListGroupsRequest;
using kafka::ListGroupsResponse;

}  // namespace

runtime::Task<> handle_list_groups(Request* request) {
  const auto wanted = co_await request->decode<ListGroupsRequest>();
  std::vector<ListGroupsResponse::Group> groups;
  ListGroupsResponse answer;
  for (const std::shared_ptr<GroupShard>& shard : request->node().groups.shards()) {
    const Result<> ready = co_await as_result(shard->ready());
    if (!ready && ready.error().code() == Errc::kNotCoordinator) continue;
    if (!ready) {
      answer.error_code = ready.error().kafka_code();
      groups.clear();
      break;
    }
    GroupCall call(shard, *request);
    call.coordinator().list_groups(call.context(), wanted);
    const group::AnyResponse* reply = co_await call.reply();
    request->keep(call.memory());
    const auto& found = std::get<ListGroupsResponse>(*reply);
    groups.insert(groups.end(), found.groups.begin(), found.groups.end());
  }
  answer.groups = request->arena().copy_array(groups);
  co_await request->answer(answer);
}

}  // namespace millrace::broker
