// Heartbeat, v0 to v4: a member of a classic group is alive.
//
// Promises: while the coordinator loads, a heartbeat is answered without an error, as Kafka does:
// members need not rejoin because a server was restarted.
#include "broker/api/by_group.h"
#include "broker/api/handlers.h"
#include "kafka/messages/heartbeat.h"

namespace millrace::broker {
namespace {

kafka::HeartbeatResponse refuse(const kafka::HeartbeatRequest& /*wanted*/, Errc why) {
  if (why == Errc::kCoordinatorLoadInProgress) return {};
  return {.error_code = wire_code(why)};
}

}  // namespace

runtime::Task<> handle_heartbeat(Request* request) {
  return serve_by_group(request, &group::Coordinator::heartbeat, refuse);
}

}  // namespace millrace::broker
