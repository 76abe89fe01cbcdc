#include "app/session.h"

#include <fmt/core.h>

#include <cstdio>

namespace millrace::app {
namespace {

// A script starts the server in one line and asks it in the next.
constexpr Duration kArrivalPatience = milliseconds(500);

}  // namespace

Session::Session(runtime::Env& env, Terminal& terminal, CommonOptions options, Output output)
    : env_(env), terminal_(terminal), options_(std::move(options)), output_(std::move(output)) {}

Session::~Session() = default;

Result<client::Cluster*> Session::cluster() {
  if (!cluster_) {
    client::ClusterOptions cluster_options;
    cluster_options.connection.request_timeout = milliseconds(options_.timeout_ms);
    cluster_options.arrival_patience = kArrivalPatience;
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
  terminal_.end_input();
  stopped_.wake_all();
}

Result<> stop_after(Session* session, size_t done, size_t all, Error error) {
  if (done > 0) {
    session->exit_code = ExitCode::kPartlyFailed;
    session->note(fmt::format("{} of {} done, then:", done, all));
  }
  return fail(std::move(error));
}

}  // namespace millrace::app
