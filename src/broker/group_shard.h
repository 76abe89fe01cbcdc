// GroupShard: hosts the group coordinator of one partition of `__consumer_offsets` over that
// partition's log: loads it, appends its records, and lets replies go once those are stable.
// Not what groups do: that is group/coordinator.h.
//
//   requests of a turn -> Coordinator -> at the turn's end: records to the log, replies to a queue
//                                        -> when stable: replies to their requests, in order
//
//   kLoading -> kActive -> (an append or sync fails) -> kLoading -> ...    kStopped at the end
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>

#include "base/recent_line.h"
#include "broker/partition.h"
#include "group/coordinator.h"
#include "kafka/compression.h"
#include "kafka/record_batch_builder.h"
#include "runtime/env.h"
#include "runtime/scope.h"
#include "runtime/timers.h"

namespace millrace::broker {

class GroupCall;
class Request;

class GroupShard {
 public:
  enum class State : uint8_t { kLoading, kActive, kStopped };

  /// Borrows `env` and `compressor`.
  GroupShard(runtime::Env& env, kafka::Compressor& compressor, const group::Config& config,
             std::shared_ptr<Partition> partition);
  GroupShard(const GroupShard&) = delete;
  GroupShard& operator=(const GroupShard&) = delete;
  ~GroupShard();

  /// Begins to load.
  void start();
  /// Answers what waits with `why` and serves nothing any more.
  void stop(Errc why);
  /// Ends its tasks. Requires: stopped.
  runtime::Task<> join();

  /// Waits while it loads, for a short time.
  /// Errors: kCoordinatorLoadInProgress, kNotCoordinator (stopped).
  runtime::Task<> ready();

  State state() const { return state_; }
  const Partition& partition() const { return *partition_; }
  /// Requires: kActive. After each call: acted().
  group::Coordinator& coordinator() { return *coordinator_; }
  const group::Coordinator& coordinator() const { return *coordinator_; }
  /// Takes what the coordinator wants done at the end of this turn.
  void acted();
  group::Now now() const;

  /// Requests that wait for a reply.
  size_t call_count() const { return calls_.size(); }

 private:
  friend class GroupCall;

  struct TurnEnd : runtime::Runnable {
    explicit TurnEnd(GroupShard* s);
    GroupShard* shard;
  };
  struct Tick : runtime::Timer {
    explicit Tick(GroupShard* s);
    GroupShard* shard;
  };
  // Replies that wait until everything below `end` is stable.
  struct Held {
    Offset end;
    group::Actions actions;
  };

  runtime::Task<> load();
  runtime::Task<> load_once(group::Coordinator* into);
  Offset replay(group::Coordinator& into, Bytes batches, Offset from);
  Result<> replay_batch(group::Coordinator& into, const kafka::RecordBatchView& batch);
  void begin(std::unique_ptr<group::Coordinator> coordinator);

  void take_actions();
  Result<> append(const std::vector<group::Record>& records);
  runtime::Task<> release();
  void deliver(group::Actions actions);
  void fall(const Error& error);

  runtime::Env& env_;
  group::Config config_;
  std::shared_ptr<Partition> partition_;
  State state_ = State::kLoading;
  std::unique_ptr<group::Coordinator> coordinator_;
  kafka::RecordBatchBuilder builder_;
  kafka::Decompressor decompressor_;
  Buffer batches_;
  std::deque<Held> held_;
  bool releasing_ = false;
  uint64_t loads_ = 0;  // how often the state was thrown away
  RecentLine fallen_;
  uint64_t next_token_ = 1;
  std::unordered_map<uint64_t, GroupCall*> calls_;  // looked up, never walked
  runtime::WaitQueue loaded_;
  TurnEnd turn_end_;
  Tick tick_;
  runtime::Scope tasks_;
};

/// One request that asks a shard something. Lives in its handler; when that is cancelled, the reply
/// finds nobody and is dropped.
class GroupCall {
 public:
  /// Requires: the shard is active. Borrows `request`.
  GroupCall(std::shared_ptr<GroupShard> shard, Request& request);
  GroupCall(const GroupCall&) = delete;
  GroupCall& operator=(const GroupCall&) = delete;
  ~GroupCall();

  group::Coordinator& coordinator() { return shard_->coordinator(); }
  /// What the coordinator wants beside the message.
  const group::RequestContext& context() const { return context_; }

  /// Waits for the reply, which lives as long as the call.
  runtime::Task<const group::AnyResponse*> reply();
  /// What the reply points into, for who needs it longer. Requires: the reply has come.
  const std::shared_ptr<Arena>& memory() const { return memory_; }

 private:
  friend class GroupShard;
  std::shared_ptr<GroupShard> shard_;
  std::string client_host_;
  group::RequestContext context_;
  std::optional<group::AnyResponse> response_;
  std::shared_ptr<Arena> memory_;
  runtime::WaitQueue answered_;
};

}  // namespace millrace::broker
