// Replies that more than one request gives: what a join and a sync come to, and answering those
// that are parked. What only one request says is in that request's file.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "group/group.h"
#include "group/shard.h"

namespace millrace::group {

inline int16_t code(Errc error) {
  return error_info(error).kafka_code;
}

/// A view that outlives the state or the request it was taken from.
template <class Text>
std::optional<std::string_view> copy(const std::optional<Text>& text, Arena& memory) {
  if (!text) return std::nullopt;
  return memory.copy(std::string_view(*text));
}

/// What a member learns when its join succeeds; the leader also who is in the group.
/// Requires: Completing or Stable.
kafka::JoinGroupResponse joined(Shard& shard, const Group& group, const Member& member);
kafka::JoinGroupResponse join_error(Errc error, std::string_view member_id = {});

/// What a member learns when its sync succeeds.
kafka::SyncGroupResponse assigned(Shard& shard, const Group& group, const Member& member);
kafka::SyncGroupResponse sync_error(Errc error);

// To a parked request, if there is one.
void answer_join(Shard& shard, Group& group, Member& member,
                 const kafka::JoinGroupResponse& response);
void answer_sync(Shard& shard, Member& member, const kafka::SyncGroupResponse& response);

}  // namespace millrace::group
