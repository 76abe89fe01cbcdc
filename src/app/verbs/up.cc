#include "app/up.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "app/verbs.h"

namespace millrace::app {
namespace {

using runtime::Task;

Task<> until_stopped(Session* session) {
  while (!session->stopping()) co_await session->stopped().wait();
}

class Up : public Verb {
 public:
  void declare(CLI::App& app) override {
    app.add_option("-d,--data", options_.data, "where the data is (log.dirs; default ./data)");
    app.add_option("-l,--listen", options_.listen,
                   "HOST:PORT, port 0 picks one (default 127.0.0.1:9092)");
    app.add_option("-c,--config", options_.config, "a server.properties of Kafka's");
    app.add_option("-s,--set", settings_, "NAME=VALUE, may be repeated; stronger than --config");
    app.add_option("--ready-file", options_.ready_file, "holds HOST:PORT while clients are served");
  }

  bool stops_itself() const override { return true; }

  Task<> run(Session* session) override {
    for (const std::string& setting : settings_) {
      const size_t equals = setting.find('=');
      if (equals == std::string::npos) {
        co_await fail(Errc::kUsage, fmt::format("--set {}: want NAME=VALUE", setting));
      }
      options_.set.emplace_back(setting.substr(0, equals), setting.substr(equals + 1));
    }
    co_await up(&session->env(), options_, until_stopped(session));
  }

 private:
  UpOptions options_;
  std::vector<std::string> settings_;
};

}  // namespace

std::unique_ptr<Verb> make_up() {
  return std::make_unique<Up>();
}

}  // namespace millrace::app
