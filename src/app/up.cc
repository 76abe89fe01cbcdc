#include "app/up.h"

#include <fmt/core.h>

#include "base/logging.h"
#include "base/properties.h"
#include "broker/broker.h"

namespace millrace::app {
namespace {

constexpr std::string_view kDefaultData = "data";

Result<> load_file(Settings& settings, const std::string& file, runtime::Disk& disk) {
  const std::string text = TRY(runtime::read_file(disk, file, kPropertiesBytesMax));
  const SettingsReport report = TRY(load_properties(settings, text, file));
  for (const std::string& warning : report.warnings()) LOG_WARNING("app", "{}", warning);
  return {};
}

std::string address_of(const broker::ListenerSpec& listener) {
  const runtime::Address& bind = listener.bind;
  return runtime::Address{bind.host.empty() ? "127.0.0.1" : bind.host, bind.port}.to_string();
}

}  // namespace

Result<Settings> up_settings(const UpOptions& options, runtime::Disk& disk) {
  Settings settings;
  if (options.config) {
    TRY(load_file(settings, *options.config, disk));
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
  return settings;
}

runtime::Task<> up(runtime::Env* env, UpOptions options, runtime::Task<> until) {
  Settings settings = co_await up_settings(options, env->disk);
  broker::Broker broker(*env, std::move(settings));
  const MonoTime began = env->loop.clock().mono();
  co_await broker.start();
  const int64_t took_ms = (env->loop.clock().mono() - began).ms();
  for (const broker::ListenerSpec& listener : broker.listeners()) {
    LOG_INFO("app", "listens on {} ({}), data in {}, ready after {} ms", address_of(listener),
             listener.name, broker.directory(), took_ms);
  }
  if (options.ready_file) {
    co_await runtime::write_file_atomically(env->disk, *options.ready_file,
                                            address_of(broker.listeners().front()) + "\n");
  }
  co_await std::move(until);
  LOG_INFO("app", "stops");
  co_await broker.stop();
}

}  // namespace millrace::app
