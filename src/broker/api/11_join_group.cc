// JoinGroup, v0 to v9: becomes, or stays, a member of a classic group.
//
// Promises and differences are the coordinator's: group/coordinator.h. The answer may take as long
// as the group's slowest member takes to join.
#include "broker/api/by_group.h"
#include "broker/api/handlers.h"
#include "kafka/messages/join_group.h"

namespace millrace::broker {
namespace {

kafka::JoinGroupResponse refuse(const kafka::JoinGroupRequest& wanted, Errc why) {
  return {.error_code = wire_code(why), .member_id = wanted.member_id};
}

}  // namespace

runtime::Task<> handle_join_group(Request* request) {
  return serve_by_group(request, &group::Coordinator::join_group, refuse);
}

}  // namespace millrace::broker
