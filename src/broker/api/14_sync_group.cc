// SyncGroup, v0 to v5: hands in the leader's assignment and fetches one's own part of it.
//
// The answer may take as long as the group's leader takes to hand in the assignment.
#include "broker/api/by_group.h"
#include "broker/api/handlers.h"
#include "kafka/messages/sync_group.h"

namespace millrace::broker {
namespace {

kafka::SyncGroupResponse refuse(const kafka::SyncGroupRequest& /*wanted*/, Errc why) {
  return {.error_code = wire_code(why)};
}

}  // namespace

runtime::Task<> handle_sync_group(Request* request) {
  return serve_by_group(request, &group::Coordinator::sync_group, refuse);
}

}  // namespace millrace::broker
