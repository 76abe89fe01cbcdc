// DiskProbe: counts the changes that a process makes to a simulated disk, and tells when one of
// them is reached, so that a test can have the power fail exactly there, at each of them in turn.
// Not for faults by chance: those are in faults.h.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::simulation {

/// A change, as far as it matters where a crash comes.
enum class DiskChange : uint8_t {
  kWrite,
  kTruncate,
  kCreate,  ///< a file or a directory
  kRename,
  kRemove,  ///< a file or a directory
  kSyncBegin,
  kSyncEnd,
  kSyncDirectory,
};
inline constexpr size_t kDiskChangeKinds = 8;
std::string_view name_of(DiskChange kind);

enum class Placement : uint8_t {
  kBefore,
  kWithin,  ///< of a write: half of its bytes are there
  kAfter,
};
std::string_view name_of(Placement placement);

class DiskProbe {
 public:
  struct Change {
    DiskChange kind;
    std::string path;
    int64_t bytes = 0;  ///< of a write

    std::string to_string() const;
  };

  /// Calls `reached`, once, when change `number` (from 1 on) comes to `placement`. The process is
  /// in the middle of something: `reached` may look at the disk, and must not end the process.
  void arm(uint64_t number, Placement placement, std::function<void()> reached);
  /// Forgets what was counted and what was armed.
  void clear() { *this = DiskProbe(); }

  uint64_t count() const { return changes_.size(); }
  const std::vector<Change>& changes() const { return changes_; }

  // What a disk tells.
  void before(DiskChange kind, const std::string& path, int64_t bytes = 0);
  /// Whether the write that has begun is to be told about in its middle.
  bool wants_within() const {
    return armed_ == changes_.size() && placement_ == Placement::kWithin;
  }
  void within() { reach(Placement::kWithin); }
  void after() { reach(Placement::kAfter); }

 private:
  void reach(Placement placement);

  std::vector<Change> changes_;
  uint64_t armed_ = 0;
  Placement placement_ = Placement::kBefore;
  std::function<void()> reached_;
};

}  // namespace millrace::simulation
