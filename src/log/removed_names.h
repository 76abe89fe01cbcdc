// RemovedNames: partitions whose directories were renamed away and are there still. A removed one
// keeps its directory, under another name, until its lines are gone from the checkpoints. So after
// a crash the lines of a name that is in here may be those of the removed one, which say nothing of
// the one that has the name now.
#pragma once

#include <set>

#include "log/file_names.h"

namespace millrace::log {

class RemovedNames {
 public:
  /// As it was found on disk.
  void add(const PartitionDirectoryName& found) { names_.insert(found.partition); }
  /// As it is being renamed.
  void add(const TopicPartition& name, DirectoryKind kind) {
    names_.insert(name_when_away(name, kind));
  }
  /// Also when the name was cut.
  bool contains(const TopicPartition& name) const {
    return names_.contains(name_when_away(name, DirectoryKind::kDelete)) ||
           names_.contains(name_when_away(name, DirectoryKind::kStray));
  }
  void clear() { names_.clear(); }

 private:
  std::set<TopicPartition> names_;
};

}  // namespace millrace::log
