// MemoryBudget: how much memory all connections together may take for one purpose. Who asks for
// more than is left waits in line, so pressure shows as sockets that are not read, never as growth.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "runtime/task.h"
#include "runtime/wait.h"

namespace millrace::broker {

class MemoryBudget;

/// Bytes of a budget, held for as long as this lives. An empty grant holds nothing.
class [[nodiscard]] MemoryGrant {
 public:
  MemoryGrant() = default;
  MemoryGrant(MemoryGrant&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  MemoryGrant& operator=(MemoryGrant&& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~MemoryGrant();

  int64_t bytes() const { return bytes_; }
  /// Gives back what is above `bytes`.
  void shrink(int64_t bytes);

 private:
  friend class MemoryBudget;
  MemoryGrant(MemoryBudget* budget, int64_t bytes) : budget_(budget), bytes_(bytes) {}
  MemoryBudget* budget_ = nullptr;
  int64_t bytes_ = 0;
};

/// Lifetime: outlives its grants.
class MemoryBudget {
 public:
  /// Units: bytes.
  explicit MemoryBudget(int64_t limit) : limit_(limit) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  /// Waits until `bytes` fit, first come first. One that is larger than the whole budget is granted
  /// once nothing else is held, so nobody waits for ever.
  runtime::Task<MemoryGrant> take(int64_t bytes);

  /// What a modest claim is now: a sixteenth of what is left, so that those who take and do not
  /// give back slow the others down and do not stop them. At least `floor`.
  int64_t share(int64_t floor) const { return std::max(floor, (limit_ - held_) / 16); }

  int64_t limit() const { return limit_; }
  int64_t held() const { return held_; }
  bool has_waiters() const { return first_ != nullptr; }

 private:
  friend class MemoryGrant;

  // One task in line. Lives in its frame and leaves the line when that is destroyed.
  struct Claim {
    Claim(MemoryBudget* b, int64_t n);
    Claim(const Claim&) = delete;
    ~Claim();
    MemoryBudget* budget;
    int64_t bytes;
    bool granted = false;
    Claim* next = nullptr;
    Claim* previous = nullptr;
    runtime::WaitQueue changed;
  };

  bool fits(int64_t bytes) const { return held_ == 0 || held_ + bytes <= limit_; }
  void give_back(int64_t bytes);
  void grant_in_line();
  void unlink(Claim& claim);

  int64_t limit_;
  int64_t held_ = 0;
  Claim* first_ = nullptr;
  Claim* last_ = nullptr;
};

}  // namespace millrace::broker
