// millrace: everything is one binary. This file builds the world (clock, sockets, disk, randomness)
// once and hands it to what was asked for.
#include <fmt/core.h>

#include <cstdio>
#include <cstring>
#include <string>

#include "app/up.h"
#include "base/logging.h"
#include "runtime/os/clock.h"
#include "runtime/os/disk.h"
#include "runtime/os/driver.h"
#include "runtime/os/helper_threads.h"
#include "runtime/os/network.h"
#include "runtime/os/signals.h"
#include "runtime/scope.h"

namespace millrace::app {
namespace {

using runtime::Task;

constexpr int kHelperThreads = 4;

constexpr std::string_view kUsage = R"(usage: millrace up [options]

  --data DIR           where the data is (./data)
  --listen HOST:PORT   where clients connect (127.0.0.1:9092); port 0 picks a free one
  --config FILE        a server.properties
  --set NAME=VALUE     one setting
  --ready-file FILE    written with the address once it serves
)";

class StderrLog final : public LogSink {
 public:
  void write(LogLevel level, std::string_view area, std::string_view line) override {
    static constexpr const char* kNames[] = {"debug", "info", "warn", "error"};
    fmt::print(stderr, "{:5} {:8} {}\n", kNames[static_cast<int>(level)], area, line);
  }
};

Result<UpOptions> parse(int count, char** words) {
  UpOptions options;
  const auto usage = [](std::string why) { return fail(Errc::kUsage, std::move(why)); };
  if (count < 2 || std::strcmp(words[1], "up") != 0) return usage("the first word is a verb: up");
  for (int i = 2; i < count; ++i) {
    const std::string_view flag = words[i];
    if (i + 1 >= count) return usage(fmt::format("{} wants a value", flag));
    const std::string value = words[++i];
    if (flag == "--data") {
      options.data = value;
    } else if (flag == "--listen") {
      options.listen = value;
    } else if (flag == "--config") {
      options.config = value;
    } else if (flag == "--ready-file") {
      options.ready_file = value;
    } else if (flag == "--set") {
      const size_t equals = value.find('=');
      if (equals == value.npos) return usage("--set wants NAME=VALUE");
      options.set.emplace_back(value.substr(0, equals), value.substr(equals + 1));
    } else {
      return usage(fmt::format("there is no option {}", flag));
    }
  }
  return options;
}

Task<> run_up(runtime::Env* env, UpOptions options, runtime::os::StopSignals* signals,
              runtime::os::Driver* driver, Result<>* result) {
  *result = co_await as_result(up(env, std::move(options), signals->wait()));
  driver->stop();
}

Result<> run(UpOptions options) {
  runtime::os::SystemClock clock;
  runtime::Loop loop(clock);
  const std::unique_ptr<runtime::os::Driver> driver = TRY(runtime::os::Driver::create(loop));
  // Before any thread is started: they inherit the blocked signals.
  const auto signals = TRY(runtime::os::StopSignals::create(*driver));
  runtime::os::HelperThreads threads(*driver, kHelperThreads);
  runtime::os::SystemNetwork network(*driver, threads);
  runtime::os::SystemDisk disk(threads);
  Random random(runtime::os::random_seed());
  runtime::Env env{loop, clock, network, disk, random};
  Result<> result;
  runtime::Scope scope(loop);
  scope.spawn("up", run_up(&env, std::move(options), signals.get(), driver.get(), &result));
  driver->run();
  return result;
}

}  // namespace
}  // namespace millrace::app

int main(int count, char** words) {
  using namespace millrace;  // NOLINT: main() is in it but for its place
  app::StderrLog log;
  install_log_sink(&log);
  Result<app::UpOptions> options = app::parse(count, words);
  if (!options) {
    fmt::print(stderr, "error: {}\n\n{}", options.error().detail(), app::kUsage);
    return 2;
  }
  const Result<> result = app::run(*std::move(options));
  if (result) return 0;
  fmt::print(stderr, "error: {}\nhint: {}\n", result.error().message(), result.error().info().fix);
  return 1;
}
