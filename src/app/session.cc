#include "app/session.h"

#include <fmt/core.h>

#include <cstdio>

namespace millrace::app {

Session::Session(runtime::Env& env, Terminal& terminal, CommonOptions options, Output output)
    : env_(env), terminal_(terminal), options_(std::move(options)), output_(std::move(output)) {}

Session::~Session() = default;

Result<client::Cluster*> Session::cluster() {
  if (!cluster_) {
    client::ClusterOptions cluster_options;
    cluster_options.connection.request_timeout = milliseconds(options_.timeout_ms);
    cluster_ = std::make_unique<client::Cluster>(
        &env_, TRY(client::parse_bootstrap(options_.bootstrap)), cluster_options);
  }
  return cluster_.get();
}

void Session::note(std::string_view line) const {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
}

void Session::tell(std::string_view line) const {
  if (options_.verbosity > 0 || terminal_.error_is_terminal()) note(line);
}

void Session::detail(std::string_view line) const {
  if (options_.verbosity > 0) note(line);
}

Result<> Session::confirm(std::string_view plan, std::string_view what) {
  if (options_.assume_yes) return {};
  note(plan);
  return fail(Errc::kRefused, fmt::format("{} needs --yes", what));
}

void Session::stop() {
  stopping_ = true;
  stopped_.wake_all();
}

}  // namespace millrace::app
