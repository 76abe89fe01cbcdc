#include "app/up.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/logging.h"
#include "base/properties.h"
#include "broker/broker.h"

namespace millrace::app {
namespace {

constexpr std::string_view kDefaultData = "data";

Result<SettingsReport> load_file(Settings& settings, const std::string& file, runtime::Disk& disk) {
  const std::string text = TRY(runtime::read_file(disk, file, kPropertiesBytesMax));
  return load_properties(settings, text, file);
}

// Listeners for controllers alone: of a quorum of one they would have nobody to talk to.
void add_unopened_listeners(const Settings& settings, SettingsReport& report) {
  const auto names = settings.get<"controller.listener.names">();
  if (!names) return;
  for (const std::string& listener : settings.get<"listeners">()) {
    const std::string name = listener.substr(0, listener.find("://"));
    if (std::find(names->begin(), names->end(), name) == names->end()) continue;
    report.no_effect.push_back(fmt::format(
        "the listener {}, which is not opened (the controller is in this process)", listener));
  }
}

// Where a client of this machine finds it.
std::string address_of(const broker::ListenerSpec& listener) {
  const runtime::Address& bind = listener.bind;
  return runtime::Address{bind.host.empty() ? "127.0.0.1" : bind.host, bind.port}.to_string();
}

void say_listening(const broker::ListenerSpec& listener) {
  const std::string bound = listener.bind.host.empty()
                                ? fmt::format("every address, port {}", listener.bind.port)
                                : listener.bind.to_string();
  const std::string told = listener.advertised.host.empty() ? "the address they came to"
                                                            : listener.advertised.to_string();
  LOG_INFO("app", "listens on {} ({}){}", bound, listener.name,
           told == bound ? "" : fmt::format(", clients are told {}", told));
}

Result<> forget_ready_file(const UpOptions& options, runtime::Disk& disk) {
  if (!options.ready_file) return {};
  Result<> removed = disk.remove(*options.ready_file);
  if (!removed && removed.error().code() == Errc::kNotFound) return {};
  return removed;
}

}  // namespace

Result<Settings> up_settings(const UpOptions& options, runtime::Disk& disk) {
  Settings settings;
  SettingsReport report;
  if (options.config) {
    report = TRY(load_file(settings, *options.config, disk));
  } else {
    settings.use_zero_config();
  }
  const auto set = [&](std::string_view name, std::string_view value, std::string_view where) {
    return settings.set(SettingLayer::kCommandLine, name, value, where);
  };
  if (options.data || !options.config) {
    TRY(set("log.dirs", options.data ? std::string_view(*options.data) : kDefaultData, "--data"));
  }
  if (options.listen) {
    TRY(runtime::Address::parse(*options.listen));
    TRY(set("listeners", fmt::format("PLAINTEXT://{}", *options.listen), "--listen"));
  }
  for (const auto& [name, value] : options.set) TRY(set(name, value, "--set"));
  TRY(check_settings(settings));
  add_unopened_listeners(settings, report);
  for (const std::string& warning : report.warnings()) LOG_WARNING("app", "{}", warning);
  return settings;
}

runtime::Task<> up(runtime::Env* env, UpOptions options, runtime::Task<> until) {
  // Whoever waits for it must not take an earlier broker's for this one's.
  co_await forget_ready_file(options, env->disk);
  Settings settings = co_await up_settings(options, env->disk);
  broker::Broker broker(*env, std::move(settings));
  const MonoTime began = env->loop.clock().mono();
  co_await broker.start();
  const int64_t took_ms = (env->loop.clock().mono() - began).ms();
  for (const broker::ListenerSpec& listener : broker.listeners()) say_listening(listener);
  LOG_INFO("app", "ready after {} ms, data in {}", took_ms, broker.directory());
  if (options.ready_file) {
    co_await runtime::write_file_atomically(env->disk, *options.ready_file,
                                            address_of(broker.listeners().front()) + "\n");
  }
  co_await std::move(until);
  LOG_INFO("app", "stops");
  const Result<> forgotten = forget_ready_file(options, env->disk);
  co_await broker.stop();
  co_await Result<>(forgotten);
  if (!broker.stopped_clean()) {
    co_await fail(Errc::kIo,
                  "not everything could be made stable (the lines above say why), so this was no "
                  "clean stop; the next start recovers");
  }
}

}  // namespace millrace::app
