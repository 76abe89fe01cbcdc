#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "app/verbs.h"

namespace millrace::app {
namespace {

class Version : public Verb {
 public:
  void declare(CLI::App& /*app*/) override {}

  runtime::Task<> run(Session* session) override {
    co_await session->out().object(Value::Object{
        {"millrace", MILLRACE_VERSION}, {"kafka_protocol", "4.3.1"}, {"compiler", __VERSION__}});
  }
};

}  // namespace

std::unique_ptr<Verb> make_version() {
  return std::make_unique<Version>();
}

}  // namespace millrace::app
