// OffsetDelete, v0: removes committed offsets, but not those of topics the group's members read.
#include "broker/api/by_group.h"
#include "broker/api/handlers.h"
#include "kafka/messages/offset_delete.h"

namespace millrace::broker {
namespace {

kafka::OffsetDeleteResponse refuse(const kafka::OffsetDeleteRequest& /*wanted*/, Errc why) {
  return {.error_code = wire_code(why)};
}

}  // namespace

runtime::Task<> handle_offset_delete(Request* request) {
  return serve_by_group(request, &group::Coordinator::delete_offsets, refuse);
}

}  // namespace millrace::broker
