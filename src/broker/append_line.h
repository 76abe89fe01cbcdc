// AppendLine: which connection may append next while the disk does not keep up. As long as there is
// room requests start at once; else their connections stand in line, each starts one request when
// its turn comes and goes to the end, so a busy producer does not starve the others. What waits
// stays in the receive budget, and behind it in the sockets.
#pragma once

#include <functional>

#include "runtime/scope.h"
#include "runtime/wait.h"

namespace millrace::broker {

class AppendLine {
 public:
  /// `has_room`: whether another append is welcome; `room` is woken when that may have become true.
  /// Borrows `room`.
  AppendLine(runtime::Loop& loop, std::function<bool()> has_room, runtime::WaitQueue& room);
  AppendLine(const AppendLine&) = delete;
  AppendLine& operator=(const AppendLine&) = delete;

  /// One connection's place. Leaves the line when destroyed.
  class Place {
   public:
    using Turn = void (*)(Place&);
    /// `turn` is called when it may start one request; it may join() again.
    explicit Place(Turn turn) : turn_(turn) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place();

   private:
    friend class AppendLine;
    Turn turn_;
    AppendLine* line_ = nullptr;  // while it stands there
    Place* next_ = nullptr;
    Place* previous_ = nullptr;
  };

  /// Whether a request that appends may start without standing in line.
  bool is_open() const { return !first_ && has_room_(); }
  /// Goes to the end of the line, unless it stands there already.
  void join(Place& place);

 private:
  runtime::Task<> run();
  void remove(Place& place);

  std::function<bool()> has_room_;
  runtime::WaitQueue& room_;
  Place* first_ = nullptr;
  Place* last_ = nullptr;
  runtime::Scope scope_;  // last: its task uses the rest
};

}  // namespace millrace::broker
