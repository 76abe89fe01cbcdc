// DueTimes: which log wants attention next, and when. So that an idle log costs nothing, nobody
// goes through all logs to see whether something is due.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/time.h"
#include "runtime/wait.h"

namespace millrace::log {

class PartitionLog;

class DueTimes {
 public:
  /// `earlier` is woken when next() has become earlier.
  explicit DueTimes(runtime::WaitQueue& earlier) : earlier_(earlier) {}

  /// A log's place in the order. Leaves it when destroyed.
  class Entry {
   public:
    Entry(DueTimes& times, PartitionLog& log) : times_(times), log_(log), order_(times.count_++) {}
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    ~Entry() { clear(); }

    /// Replaces what was set before.
    void set(Timestamp due);
    /// The same, unless it is due earlier anyway.
    void set_no_later(Timestamp due);
    void clear();
    std::optional<Timestamp> due() const { return due_; }

   private:
    friend class DueTimes;
    DueTimes& times_;
    PartitionLog& log_;
    uint64_t order_;  // equal times: in the order in which the logs were made
    std::optional<Timestamp> due_;
  };

  /// The earliest of all.
  std::optional<Timestamp> next() const;
  /// Takes one out that is due; null when none is.
  PartitionLog* take(Timestamp now);

 private:
  uint64_t count_ = 0;
  std::map<std::pair<Timestamp, uint64_t>, Entry*> entries_;
  runtime::WaitQueue& earlier_;
};

}  // namespace millrace::log
