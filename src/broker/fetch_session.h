// Fetch sessions: what a client fetches, remembered between its requests, so that it need send only
// what changes and is told only what changed. Not reading and not waiting: see fetch.h.
//
//   (id, epoch)   a request with (0, 0) opens a session and lists everything; (id, n) goes on with
//   it,
//                 n one more than the last; (id, 0) replaces it by a new one; (id, -1) closes it;
//                 (0, -1) wants none.
//
// Source: KIP-227; KIP-516 for topic ids.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/ids.h"
#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "kafka/messages/fetch.h"

namespace millrace::broker {

/// One partition as somebody fetches it.
struct FetchTarget {
  TopicId topic_id;   ///< zero when asked for by name
  std::string topic;  ///< empty when asked for by id
  PartitionIndex partition;
  Offset fetch_offset;
  LeaderEpoch current_leader_epoch;
  LeaderEpoch last_fetched_epoch;
  Offset log_start_offset;  ///< a follower's own
  int32_t bytes_max = 0;

  // What a session's client was told last.
  Offset told_high_watermark;
  Offset told_log_start;
  bool told_error = false;

  using Key = std::tuple<TopicId, std::string_view, PartitionIndex>;
  Key key() const { return {topic_id, topic, partition}; }
};

class FetchSession {
 public:
  using Targets = std::list<FetchTarget>;

  int32_t id() const { return id_; }
  bool by_topic_id() const { return by_topic_id_; }
  size_t size() const { return targets_.size(); }
  /// In the order in which answers list them; who was served last comes last, so that nobody
  /// starves.
  Targets& targets() { return targets_; }
  void move_to_end(Targets::iterator target) { targets_.splice(targets_.end(), targets_, target); }

  /// Each request takes the session over from the one before, which may still be parked on a dead
  /// connection; whoever finds his ticket outdated leaves the session alone.
  uint64_t take_ticket() { return ++ticket_; }
  bool holds(uint64_t ticket) const { return ticket == ticket_; }

 private:
  friend class FetchSessions;
  using Order = std::tuple<bool, size_t, int32_t>;  // privileged, size, id: what is evicted first

  void update(const kafka::FetchRequest& request);
  void put(FetchTarget target);
  void forget(const FetchTarget::Key& key);

  int32_t id_ = 0;
  int32_t next_epoch_ = 1;
  bool by_topic_id_ = false;
  bool privileged_ = false;  // a follower's
  bool cached_ = false;
  MonoTime opened_at_;
  MonoTime used_at_;
  uint64_t ticket_ = 0;
  Targets targets_;
  std::map<FetchTarget::Key, Targets::iterator> by_key_;
};

/// What a request fetches, and in which session.
struct FetchPlan {
  std::shared_ptr<FetchSession> session;  ///< its targets; outside the cache when none was opened
  bool incremental = false;               ///< tell only what changed
  int32_t session_id = 0;                 ///< for the answer; 0 when there is no session
  uint64_t ticket = 0;
};

class FetchSessions {
 public:
  /// Units: sessions, as max.incremental.fetch.session.cache.slots.
  FetchSessions(Random random, size_t sessions_max)
      : random_(random), sessions_max_(sessions_max) {}
  FetchSessions(const FetchSessions&) = delete;
  FetchSessions& operator=(const FetchSessions&) = delete;

  /// Takes up what the request says of sessions and partitions. When the cache is full the request
  /// is served without a session: that is always allowed.
  /// Errors: kFetchSessionIdNotFound, kInvalidFetchSessionEpoch, kFetchSessionTopicIdError;
  /// kInvalidRequest when more partitions are named than partitions_max. All are for the answer's
  /// top.
  Result<FetchPlan> plan(const kafka::FetchRequest& request, bool by_topic_id, bool privileged,
                         MonoTime now);

  size_t size() const { return sessions_.size(); }

  /// One session's partitions; far above any client's, and a bound on the memory of a hostile one.
  static constexpr size_t kPartitionsMax = 100'000;
  /// A session may be evicted for a larger one, or when unused, after this long.
  /// Source: min.incremental.fetch.session.eviction.ms, which is not configurable in Kafka 4
  /// either.
  static constexpr Duration kEvictionAge = seconds(120);

 private:
  using Sessions = std::map<int32_t, std::shared_ptr<FetchSession>>;

  FetchPlan open(const kafka::FetchRequest& request, bool by_topic_id, bool privileged, bool cached,
                 MonoTime now);
  Result<FetchPlan> go_on(const kafka::FetchRequest& request, bool by_topic_id, MonoTime now);
  bool make_room(const FetchSession& wanting, MonoTime now);
  void enter(const std::shared_ptr<FetchSession>& session);
  void leave(int32_t id);
  int32_t new_id();

  Random random_;
  size_t sessions_max_;
  Sessions sessions_;
  std::set<std::pair<MonoTime, int32_t>> by_last_use_;
  std::set<FetchSession::Order> by_size_;
};

}  // namespace millrace::broker
