#include "group/timers.h"

#include "base/testing.h"

namespace millrace::group {
namespace {

TEST_CASE("alarms come in the order of their deadlines, equal ones in the order of their making") {
  Timers timers;
  Timer a(timers, {Alarm::Kind::kSession, "g", "a"});
  Timer b(timers, {Alarm::Kind::kSession, "g", "b"});
  Timer c(timers, {Alarm::Kind::kSession, "g", "c"});
  c.arm(MonoTime{5});
  b.arm(MonoTime{5});
  a.arm(MonoTime{9});
  CHECK(timers.next() == MonoTime{5});
  CHECK(!timers.pop(MonoTime{4}));
  CHECK(timers.pop(MonoTime{10})->member_id == "b");
  CHECK(timers.pop(MonoTime{10})->member_id == "c");
  CHECK(timers.pop(MonoTime{10})->member_id == "a");
  CHECK(!timers.pop(kNever));
  CHECK(timers.next() == kNever);
}

TEST_CASE("a timer that is armed again, called off or gone does not fire at its old deadline") {
  Timers timers;
  Timer moved(timers, {Alarm::Kind::kJoin, "moved", ""});
  Timer cancelled(timers, {Alarm::Kind::kJoin, "cancelled", ""});
  moved.arm(MonoTime{1});
  moved.arm(MonoTime{8});
  cancelled.arm(MonoTime{2});
  cancelled.cancel();
  {
    Timer gone(timers, {Alarm::Kind::kJoin, "gone", ""});
    gone.arm(MonoTime{3});
  }
  CHECK(!timers.pop(MonoTime{7}));
  CHECK(timers.pop(MonoTime{8})->group_id == "moved");
  CHECK(moved.deadline() == kNever);
  Timer taken = std::move(moved);
  taken.arm(MonoTime{9});
  CHECK(timers.pop(MonoTime{9})->group_id == "moved");
}

}  // namespace
}  // namespace millrace::group
