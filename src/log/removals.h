// Removals: files and directories that were renamed away and will be removed after a delay
// (file.delete.delay.ms), so that readers that still have them open are done. After a restart
// LogDirectory finds them by their suffix.
//
// Large files go in steps, from their end: what a file system gets back in one go a device may be
// told to discard in one go, and every sync, of whatever, waits behind that. Gigabytes at once held
// up acknowledgements for 150 ms, and in steps of 16 MiB for 5. A power loss may bring the old name
// of a file that was cut back. That does no harm: it lies below the log start on disk, or was
// replaced, or its topic is gone, and recovery removes it as it would a whole one.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/time.h"
#include "log/pacer.h"
#include "runtime/env.h"
#include "runtime/task.h"
#include "runtime/wait.h"

namespace millrace::log {

class Removals {
 public:
  /// So quickly large files go, in 20 steps a second, unless room is scarce.
  Removals(runtime::Env& env, double bytes_per_second);

  /// `path` is a file, or a directory with all that is in it.
  void add(std::string path, MonoTime when);
  /// Removes what is due, one after the other, and says so in the log when one cannot be removed.
  /// Of a directory the files go first, and then it itself once `may_go` says so; until then it is
  /// asked again and again.
  /// Runs: until it is cancelled.
  runtime::Task<> run(std::function<runtime::Task<bool>()> may_go);
  /// Forgets what lies in a directory that was renamed.
  void forget_within(const std::string& directory);

 private:
  runtime::Task<> remove(std::string path, runtime::FileInfo info,
                         const std::function<runtime::Task<bool>()>* may_go);
  runtime::Task<> remove_file(std::string path, int64_t size);
  runtime::Task<> cut_down(std::string path, int64_t size);
  bool is_room_scarce(const std::string& path) const;
  MonoTime next() const { return due_.empty() ? kNever : due_.begin()->first; }

  runtime::Env& env_;
  const int64_t step_bytes_;
  Pacer pacer_;
  std::multimap<MonoTime, std::string> due_;
  runtime::WaitQueue earlier_;
};

}  // namespace millrace::log
