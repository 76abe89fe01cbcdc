#include "app/exit_code.h"

#include <fmt/core.h>

namespace millrace::app {

ExitCode exit_code_of(Errc code) {
  switch (code) {
    case Errc::kNone:
      return ExitCode::kOk;
    case Errc::kUsage:
    case Errc::kInvalidSetting:
    case Errc::kInvalidConfig:
    case Errc::kInvalidTopicException:
    case Errc::kInvalidPartitions:
    case Errc::kInvalidReplicationFactor:
      return ExitCode::kUsage;
    case Errc::kRefused:
      return ExitCode::kRefused;
    case Errc::kUnreachable:
    case Errc::kTimedOut:
    case Errc::kRequestTimedOut:
    case Errc::kClosed:
    case Errc::kNetworkException:
      return ExitCode::kUnreachable;
    case Errc::kCancelled:
      return ExitCode::kInterrupted;
    default:
      break;
  }
  switch (error_info(code).http_status) {
    case 404:
      return ExitCode::kNotFound;
    case 409:
      return ExitCode::kConflict;
    case 401:
    case 403:
      return ExitCode::kNotAllowed;
    default:
      return ExitCode::kFailed;
  }
}

std::string exit_code_help() {
  std::string text = "What the exit code of a command tells:\n\n";
#define MILLRACE_EXIT_CODE(name, number, sentence) \
  text += fmt::format("  {:>3}  {}\n", number, sentence);
  MILLRACE_EXIT_CODES(MILLRACE_EXIT_CODE)
#undef MILLRACE_EXIT_CODE
  return text;
}

}  // namespace millrace::app
