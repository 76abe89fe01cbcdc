// millrace: everything is one binary. This file builds the world (clock, sockets, disk, randomness)
// once and hands it to the verb that was asked for.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <new>
#include <string>
#include <string_view>

#include "app/command_line.h"
#include "app/report.h"
#include "app/session.h"
#include "app/stderr_log.h"
#include "runtime/os/clock.h"
#include "runtime/os/disk.h"
#include "runtime/os/driver.h"
#include "runtime/os/helper_threads.h"
#include "runtime/os/network.h"
#include "runtime/os/signals.h"
#include "runtime/os/standard_input.h"
#include "runtime/scope.h"

namespace millrace::app {
namespace {

using runtime::Task;

// Nothing can be undone half-way through an allocation: what was acknowledged is safe, the rest is
// the next start's to recover.
[[noreturn]] void end_without_memory() {
  constexpr std::string_view kWhy =
      "millrace: out of memory: the system grants no more; give it more, or lower "
      "queued.max.request.bytes and fetch.max.bytes\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kWhy.data(), kWhy.size());
  _exit(static_cast<int>(ExitCode::kFailed));
}

constexpr int kHelperThreads = 4;

Environment read_environment() {
  const auto get = [](const char* name) -> std::optional<std::string> {
    const char* value = getenv(name);
    return value && *value ? std::optional<std::string>(value) : std::nullopt;
  };
  return {.bootstrap = get("MILLRACE_BOOTSTRAP"),
          .no_color = get("NO_COLOR").has_value() || get("TERM") == "dumb",
          .force_color = get("CLICOLOR_FORCE").has_value(),
          .output_is_terminal = isatty(STDOUT_FILENO) == 1};
}

class SystemTerminal : public Terminal {
 public:
  explicit SystemTerminal(runtime::os::HelperThreads& threads) : input_(threads) {}

  Task<std::string> read_input() override { return input_.read(); }
  void end_input() override { input_.end(); }
  bool input_is_terminal() const override { return isatty(STDIN_FILENO) == 1; }
  bool error_is_terminal() const override { return isatty(STDERR_FILENO) == 1; }

 private:
  runtime::os::StandardInput input_;
};

Task<> run_verb(Verb* verb, Session* session, runtime::os::Driver* driver, Result<>* result) {
  *result = co_await as_result(verb->run(session));
  driver->stop();
}

// The first signal asks, the second ends, and so does the verb's patience.
Task<> watch_signals(runtime::os::StopSignals* signals, Verb* verb, Session* session,
                     runtime::Scope* scope, runtime::os::Driver* driver) {
  co_await signals->wait();
  if (!verb->stops_itself()) {
    scope->cancel();
    co_return;
  }
  session->stop();
  const MonoTime asked = session->env().loop.now();
  while (signals->count() < 2) {
    if (session->env().loop.now() - asked >= verb->stop_limit()) {
      scope->cancel();
      co_return;
    }
    co_await runtime::sleep_until(session->env().loop.now() + milliseconds(100));
  }
  driver->stop();
}

int run(Command command, const std::string& help) {
  runtime::os::SystemClock clock;
  runtime::Loop loop(clock);
  Result<std::unique_ptr<runtime::os::Driver>> driver = runtime::os::Driver::create(loop);
  if (!driver) {
    fputs(describe_error(driver.error()).c_str(), stderr);
    return static_cast<int>(ExitCode::kFailed);
  }
  // Before any thread is started: they inherit the blocked signals.
  const auto signals = runtime::os::StopSignals::create(**driver);
  if (!signals) {
    fputs(describe_error(signals.error()).c_str(), stderr);
    return static_cast<int>(ExitCode::kFailed);
  }
  runtime::os::HelperThreads threads(**driver, kHelperThreads);
  runtime::os::SystemNetwork network(**driver, threads);
  runtime::os::StableWriter stable_writer(**driver);
  runtime::os::SystemDisk disk(threads, stable_writer);
  Random random(runtime::os::random_seed());
  runtime::Env env{
      .loop = loop, .clock = clock, .network = network, .disk = disk, .random = random};
  StderrLog log(clock, command.common.verbosity);
  install_log_sink(&log);
  SystemTerminal terminal(threads);
  Session session(env, terminal, command.common, Output(command.output));

  Result<> result = fail(Errc::kCancelled, "interrupted");
  {
    runtime::Scope watching(loop);
    runtime::Scope working(loop);
    working.spawn("verb", run_verb(command.verb.get(), &session, driver->get(), &result));
    watching.spawn("signals", watch_signals(signals->get(), command.verb.get(), &session, &working,
                                            driver->get()));
    (*driver)->run();
  }
  const Result<> written = session.out().flush();
  if (session.out().reader_is_gone()) return 0;
  if (result) result = written;
  if (result) return static_cast<int>(session.exit_code);
  if (result.error().code() != Errc::kCancelled)
    fputs(describe_error(result.error(), help).c_str(), stderr);
  if (session.exit_code != ExitCode::kOk) return static_cast<int>(session.exit_code);
  return static_cast<int>(exit_code_of(result.error().code()));
}

int run_words(const std::vector<std::string>& words) {
  auto command = parse_command_line(words, read_environment());
  if (!command) {
    fputs(describe_error(command.error(), help_words(words)).c_str(), stderr);
    return static_cast<int>(ExitCode::kUsage);
  }
  if (command->verb) return run(*std::move(command), help_words(words));
  Output out({});
  out.raw(command->text);
  const Result<> written = out.flush();
  if (written || out.reader_is_gone()) return 0;
  fputs(describe_error(written.error()).c_str(), stderr);
  return static_cast<int>(exit_code_of(written.error().code()));
}

}  // namespace
}  // namespace millrace::app

int main(int count, char** words) {
  std::set_new_handler(millrace::app::end_without_memory);
  return millrace::app::run_words({words + 1, words + count});
}
