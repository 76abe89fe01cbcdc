// Faults: what may go wrong in a simulated world, and how often. A plain table of numbers, drawn
// from a seed, printed in one line and set by name. Not the mechanisms: those are in fabric.h
// (network), disk.h and nemesis.h (episodes).
//
// Who must survive what, without losing or doubling anything that was acknowledged:
//
//   one broker alone     delay, loss, resets, refusals, partitions, slow and short transfers,
//                        pauses, clock skew, drift and jumps, kills, power loss with unsynced
//                        writes lost, kept or torn, a full disk, no file to be opened, failing
//                        writes, failing and slow syncs (it may refuse to serve, or stop, but not
//                        lose)
//   one broker alone     must notice and report, and keep the rest readable: bit rot, failing reads
//   a cluster            all of the above, and the loss of a minority of its disks
//   nobody               a sync that claims success and did nothing (disk_sync_lie): that is how
//                        tests prove that the checkers see
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "base/time.h"

namespace millrace::simulation {

namespace detail {
// The three types of a row in faults.def, each with its way from the number that stands there.
struct FaultTypes {
  using Rate = double;    // a chance per opportunity
  using Count = int64_t;  // bytes, parts
  using Time = Duration;
  static constexpr Rate Rate_of(double value) { return value; }
  static constexpr Count Count_of(int64_t value) { return value; }
  static constexpr Time Time_of(int64_t value_us) { return microseconds(value_us); }
};
}  // namespace detail

/// One member per row of faults.def; as constructed, a calm world.
struct Faults : private detail::FaultTypes {
#define MILLRACE_FAULT(type, name, usual, on, low, high, sentence) type name = type##_of(usual);
#include "simulation/faults.def"
#undef MILLRACE_FAULT

  /// Each fault is on or off by chance, and as strong as chance has it.
  static Faults draw(Random random);

  /// Units: as in faults.def. Errors: kInvalidSetting when the name is unknown, or the value is no
  /// number or negative.
  Result<> set(std::string_view name, std::string_view value);

  /// "network_loss=0.01 crash_every=2000000": all that differs from a calm world.
  std::string to_string() const;

  /// A table of all faults for `--help`: name, unit, what it does.
  static std::string help();
};

}  // namespace millrace::simulation
