// Session: what every verb has at hand: the common options, stdout in the form asked for, stderr
// for the rest, and a connection to the cluster that is opened when first used.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app/exit_code.h"
#include "app/output.h"
#include "client/cluster.h"
#include "runtime/env.h"

namespace millrace::app {

/// The options that verbs share; which verb takes which is in its row of verbs.def.
struct CommonOptions {
  std::string bootstrap = "127.0.0.1:9092";
  bool assume_yes = false;  ///< --yes
  int verbosity = 0;        ///< -v, -vv
  int64_t timeout_ms = 30'000;
};

/// Calls that block, on a helper thread: reading stdin. A seam, so that verbs run in the simulator.
class Terminal {
 public:
  virtual ~Terminal() = default;
  /// The next bytes of standard input; empty at its end.
  virtual runtime::Task<std::string> read_input() = 0;
  /// What has not arrived yet is not waited for any more: read_input() is at the end.
  virtual void end_input() = 0;
  virtual bool input_is_terminal() const = 0;
  virtual bool error_is_terminal() const = 0;
};

class Session {
 public:
  Session(runtime::Env& env, Terminal& terminal, CommonOptions options, Output output);
  ~Session();

  runtime::Env& env() { return env_; }
  Terminal& terminal() { return terminal_; }
  Output& out() { return output_; }
  const CommonOptions& options() const { return options_; }

  /// Errors: kInvalidSetting for --bootstrap. Connects to nothing yet.
  Result<client::Cluster*> cluster();

  /// A line on stderr.
  void note(std::string_view line) const;
  /// A line on stderr where somebody watches: on a terminal, or with -v.
  void tell(std::string_view line) const;
  /// A line on stderr with -v.
  void detail(std::string_view line) const;

  /// Before something that cannot be undone: prints the plan; without --yes that is all.
  /// Errors: kRefused, with how to go on.
  Result<> confirm(std::string_view plan, std::string_view what);

  /// Set when the first SIGINT or SIGTERM came: loops end and say what they did.
  bool stopping() const { return stopping_; }
  void stop();
  runtime::WaitQueue& stopped() { return stopped_; }

  /// What the process will exit with; kOk leaves it to the verb's error, if it ends in one.
  ExitCode exit_code = ExitCode::kOk;

 private:
  runtime::Env& env_;
  Terminal& terminal_;
  CommonOptions options_;
  Output output_;
  std::unique_ptr<client::Cluster> cluster_;
  bool stopping_ = false;
  runtime::WaitQueue stopped_;
};

/// The error of one of many things of which `done` are done; says so, and sets the exit code.
Result<> stop_after(Session* session, size_t done, size_t all, Error error);

}  // namespace millrace::app
