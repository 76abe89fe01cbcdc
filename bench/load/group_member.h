// GroupMember: one member of a classic group, as small as a client can be: joins, takes what the
// leader gives, rejoins when told to, and commits when asked.
#pragma once

#include <cstdint>
#include <string>

#include "base/arena.h"
#include "base/ids.h"
#include "bench/load/connection.h"
#include "bench/load/histogram.h"

namespace millrace::bench {

/// What the members of one group share.
struct GroupPlan {
  std::string group;
  std::string topic;
  int32_t members = 1;
  Histogram commits;  ///< how long each took, of those that count
  int64_t count_from_ns = INT64_MAX;
  int64_t commit_until_ns = 0;  ///< commits follow one another until then
  int64_t committed = 0;
};

class GroupMember : Connection {
 public:
  GroupMember(Poller& poller, const std::string& address, GroupPlan& plan, int32_t index);

  void join();
  /// In a generation, with an assignment. Units: none; kNoGeneration while it is not.
  GenerationId generation() const { return stable_ ? generation_ : GenerationId(); }
  /// As the leader knows; 0 for others.
  size_t members_seen() const { return members_seen_; }
  /// Asks whether the group is still the same. Nothing while something else is under way.
  void heartbeat();
  /// Commits one offset after another until the plan says stop.
  void commit();
  bool busy() const { return awaited_ != Awaited::kNothing; }

 private:
  enum class Awaited : uint8_t { kNothing, kJoin, kSync, kHeartbeat, kCommit };

  void on_frame(Bytes frame) override;
  void on_writable() override {}
  template <class Request>
  void ask(const Request& request, int16_t version, Awaited awaited);
  void joined(Bytes frame);
  void synced(Bytes frame);
  void heartbeat_answered(Bytes frame);
  void committed(Bytes frame);
  void sync(std::span<const std::string_view> members);

  GroupPlan& plan_;
  int32_t index_;
  std::string member_id_;
  GenerationId generation_;
  bool stable_ = false;
  size_t members_seen_ = 0;
  Awaited awaited_ = Awaited::kNothing;
  int64_t asked_at_ns_ = 0;
  int64_t offset_ = 0;
  int32_t correlation_id_ = 0;
  Buffer request_;
  Buffer subscription_;
  Arena arena_;
};

}  // namespace millrace::bench
