// LeaveGroup, v0 to v5: members leave a classic group; from v3 several at once, by instance id too.
#include "broker/api/by_group.h"
#include "broker/api/handlers.h"
#include "kafka/messages/leave_group.h"

namespace millrace::broker {
namespace {

kafka::LeaveGroupResponse refuse(const kafka::LeaveGroupRequest& /*wanted*/, Errc why) {
  return {.error_code = wire_code(why)};
}

}  // namespace

runtime::Task<> handle_leave_group(Request* request) {
  return serve_by_group(request, &group::Coordinator::leave_group, refuse);
}

}  // namespace millrace::broker
