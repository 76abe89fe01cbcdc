// Removals: files and directories that were renamed away and will be removed after a delay
// (file.delete.delay.ms), so that readers that still have them open are done. After a restart
// LogDirectory finds them by their suffix.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/time.h"
#include "runtime/env.h"
#include "runtime/task.h"
#include "runtime/wait.h"

namespace millrace::log {

class Removals {
 public:
  explicit Removals(runtime::Env& env) : env_(env) {}

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
  runtime::Task<> remove(std::string path, bool is_directory,
                         const std::function<runtime::Task<bool>()>* may_go);
  MonoTime next() const { return due_.empty() ? kNever : due_.begin()->first; }

  runtime::Env& env_;
  std::multimap<MonoTime, std::string> due_;
  runtime::WaitQueue earlier_;
};

}  // namespace millrace::log
