// What a command's exit code tells a script. docs: `millrace help exit-codes`.
#pragma once

#include "base/error.h"

namespace millrace::app {

enum class ExitCode : int {
  kOk = 0,
  kFailed = 1,
  kUsage = 2,
  kNotFound = 3,
  kConflict = 4,
  kNotAllowed = 5,
  kUnreachable = 6,
  kPartlyFailed = 7,
  kRefused = 8,       ///< unsafe without --yes
  kDifferences = 10,  ///< nothing failed; there is something to see
  kInterrupted = 130,
};

ExitCode exit_code_of(Errc code);

}  // namespace millrace::app
