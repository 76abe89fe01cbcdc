#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "app/verbs.h"
#include "base/setting_values.h"
#include "broker/broker.h"

namespace millrace::app {
namespace {

using runtime::Task;

constexpr size_t kConfigBytesMax = size_t{4} << 20;
constexpr std::string_view kDataDirectory = "data";

class Up : public Verb {
 public:
  void declare(CLI::App& app) override {
    app.add_option("-d,--data", data_, "where the data is (log.dirs; default ./data)");
    app.add_option("-l,--listen", listen_, "HOST:PORT, port 0 picks one (default 127.0.0.1:9092)");
    app.add_option("-c,--config", config_, "a server.properties of Kafka's");
    app.add_option("-s,--set", settings_, "NAME=VALUE, may be repeated; stronger than --config");
    app.add_option("--ready-file", ready_file_, "is written with HOST:PORT once clients are served");
  }

  bool stops_itself() const override { return true; }

  Task<> run(Session* session) override {
    Settings settings = co_await read_settings(session);
    broker::Broker broker(session->env(), std::move(settings));
    co_await broker.start();
    announce(session, broker);
    if (!ready_file_.empty()) {
      co_await runtime::write_file_atomically(session->env().disk, ready_file_, address_of(broker));
    }
    while (!session->stopping()) co_await session->stopped().wait();
    session->note("stopping");
    co_await broker.stop();
    session->note("stopped; the directory is clean");
  }

 private:
  Result<Settings> read_settings(Session* session) {
    Settings settings;
    settings.use_zero_config();
    if (!config_.empty()) {
      const std::string text =
          TRY(runtime::read_file(session->env().disk, config_, kConfigBytesMax));
      const SettingsReport report = TRY(load_properties(settings, text, config_));
      for (const std::string& warning : report.warnings()) session->note("warning: " + warning);
    }
    for (const std::string& setting : settings_) {
      const size_t equals = setting.find('=');
      if (equals == std::string::npos) {
        return fail(Errc::kUsage, fmt::format("--set {}: want NAME=VALUE", setting));
      }
      TRY(settings.set(SettingLayer::kCommandLine, setting.substr(0, equals),
                       setting.substr(equals + 1), "--set"));
    }
    if (!data_.empty()) TRY(settings.set(SettingLayer::kCommandLine, "log.dirs", data_, "--data"));
    if (!listen_.empty()) {
      TRY(runtime::Address::parse(listen_));
      TRY(settings.set(SettingLayer::kCommandLine, "listeners", "PLAINTEXT://" + listen_, "--listen"));
    }
    const bool has_directory = !data_.empty() || settings.find("log.dirs", SettingLayer::kCommandLine) ||
                               settings.find("log.dir", SettingLayer::kCommandLine);
    if (!has_directory) {
      TRY(settings.set(SettingLayer::kZeroConfig, "log.dirs", kDataDirectory, "the default"));
    }
    return settings;
  }

  static std::string address_of(const broker::Broker& broker) {
    return broker.listeners().front().advertised.host.empty()
               ? fmt::format("127.0.0.1:{}", broker.listeners().front().advertised.port)
               : broker.listeners().front().advertised.to_string();
  }

  void announce(Session* session, const broker::Broker& broker) const {
    for (const broker::ListenerSpec& listener : broker.listeners()) {
      session->note(fmt::format("listening on {} ({})", listener.bind.to_string(), listener.name));
    }
    session->note(fmt::format("data in {}", broker.directory()));
    session->note("try: millrace topic list, or any Kafka client; Ctrl-C stops");
  }

  std::string data_;
  std::string listen_;
  std::string config_;
  std::vector<std::string> settings_;
  std::string ready_file_;
};

}  // namespace

std::unique_ptr<Verb> make_up() { return std::make_unique<Up>(); }

}  // namespace millrace::app
