// The deadlines of one shard, in the order they fall due. Not a clock: it is told the time.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/time.h"

namespace millrace::group {

/// What falls due, told by names: whoever is named may be gone by then.
struct Alarm {
  enum class Kind : uint8_t {
    kSession,    ///< `member_id` has not been heard of
    kJoin,       ///< the group has waited long enough for members to join
    kSync,       ///< the group has waited long enough for members to sync
    kRetention,  ///< look for expired offsets; of the shard, no group
  };
  Kind kind = Kind::kRetention;
  std::string group_id;
  std::string member_id;
};

class Timers {
 public:
  /// When something falls due next; kNever when nothing is armed.
  MonoTime next() const { return queue_.empty() ? kNever : queue_.begin()->first; }

  /// Takes the earliest alarm at or before `now`; its timer is no longer armed.
  /// Equal deadlines come in the order in which their timers were made.
  std::optional<Alarm> pop(MonoTime now);

 private:
  friend class Timer;
  struct Slot {
    Alarm alarm;
    MonoTime when = kNever;
  };
  uint64_t add(Alarm alarm);
  void remove(uint64_t id);
  void arm(uint64_t id, MonoTime when);

  std::unordered_map<uint64_t, Slot> slots_;  // looked up, never walked
  std::set<std::pair<MonoTime, uint64_t>> queue_;
  uint64_t last_id_ = 0;
};

/// One deadline that can be moved and called off; gone with its owner. Move only.
/// Lifetime: the Timers outlive it.
class Timer {
 public:
  Timer() = default;
  Timer(Timers& timers, Alarm alarm) : timers_(&timers), id_(timers.add(std::move(alarm))) {}
  Timer(Timer&& other) noexcept { swap(other); }
  Timer& operator=(Timer&& other) noexcept {
    Timer(std::move(other)).swap(*this);
    return *this;
  }
  ~Timer() {
    if (timers_) timers_->remove(id_);
  }

  /// Replaces the deadline there was. Bounds: O(log armed), no allocation when it was armed.
  void arm(MonoTime when) { timers_->arm(id_, when); }
  void cancel() { timers_->arm(id_, kNever); }
  /// kNever when it is not armed.
  MonoTime deadline() const { return timers_->slots_.at(id_).when; }

 private:
  void swap(Timer& other) noexcept {
    std::swap(timers_, other.timers_);
    std::swap(id_, other.id_);
  }

  Timers* timers_ = nullptr;
  uint64_t id_ = 0;
};

}  // namespace millrace::group
