// Removals: files and directories that were renamed away and will be removed after a delay
// (file.delete.delay.ms), so that readers that still have them open are done. After a restart
// LogDirectory finds them by their suffix.
#pragma once

#include <map>
#include <string>

#include "base/time.h"
#include "runtime/disk.h"
#include "runtime/wait.h"

namespace millrace::log {

class Removals {
 public:
  /// `earlier` is woken when next() has become earlier.
  Removals(runtime::Disk& disk, runtime::WaitQueue& earlier) : disk_(disk), earlier_(earlier) {}

  /// `path` is a file, or a directory with all that is in it.
  void add(std::string path, MonoTime when);
  /// Removes what is due, at most `count_max`, and says so in the log when one cannot be removed.
  void remove_due(MonoTime now, size_t count_max);
  /// When the next one is due; kNever when there is none.
  MonoTime next() const { return due_.empty() ? kNever : due_.begin()->first; }
  size_t size() const { return due_.size(); }
  /// Forgets what lies in a directory that was renamed.
  void forget_within(const std::string& directory);

 private:
  runtime::Disk& disk_;
  std::multimap<MonoTime, std::string> due_;
  runtime::WaitQueue& earlier_;
};

}  // namespace millrace::log
