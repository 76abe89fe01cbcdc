// The requests a shard serves, one file each: join.cc, sync.cc and so on, as the functions are
// called. Each answers the context's token once, now or later. Not the door for hosts: that is
// coordinator.h, which says what each request means.
#pragma once

#include <span>
#include <string_view>

#include "group/actions.h"
#include "group/shard.h"

namespace millrace::group {

void join(Shard& shard, const RequestContext& context, const kafka::JoinGroupRequest& request);
void sync(Shard& shard, const RequestContext& context, const kafka::SyncGroupRequest& request);
void heartbeat(Shard& shard, const RequestContext& context, const kafka::HeartbeatRequest& request);
void leave(Shard& shard, const RequestContext& context, const kafka::LeaveGroupRequest& request);

void offset_commit(Shard& shard, const RequestContext& context,
                   const kafka::OffsetCommitRequest& request);
void offset_fetch(Shard& shard, const RequestContext& context,
                  const kafka::OffsetFetchRequest::Group& request, bool require_stable);
void offset_delete(Shard& shard, const RequestContext& context,
                   const kafka::OffsetDeleteRequest& request);

void describe(Shard& shard, const RequestContext& context,
              const kafka::DescribeGroupsRequest& request);
void list(Shard& shard, const RequestContext& context, const kafka::ListGroupsRequest& request);
void delete_groups(Shard& shard, const RequestContext& context,
                   const kafka::DeleteGroupsRequest& request);

}  // namespace millrace::group
