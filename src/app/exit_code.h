// What a command's exit code tells a script; `millrace help exit-codes` prints this table.
#pragma once

#include <string>

#include "base/error.h"

namespace millrace::app {

// clang-format off
#define MILLRACE_EXIT_CODES(ROW) \
  ROW(kOk, 0, "done") \
  ROW(kFailed, 1, "failed; the message tells why") \
  ROW(kUsage, 2, "the command or a setting in it was not understood; nothing was done") \
  ROW(kNotFound, 3, "the topic, group, record, file or name is not there") \
  ROW(kConflict, 4, "it exists already, is in use, or has changed meanwhile") \
  ROW(kNotAllowed, 5, "the server does not allow it") \
  ROW(kUnreachable, 6, "no server answers, or not in time") \
  ROW(kPartlyFailed, 7, "some of it was done and some was not; the message tells how far it went") \
  ROW(kRefused, 8, "cannot be undone, and there was no --yes") \
  ROW(kDifferences, 10, "nothing failed, but there is something to see") \
  ROW(kUnhealthy, 20, "status: partitions cannot be read or written") \
  ROW(kInterrupted, 130, "interrupted")
// clang-format on

enum class ExitCode : int {
#define MILLRACE_EXIT_CODE(name, number, sentence) name = number,
  MILLRACE_EXIT_CODES(MILLRACE_EXIT_CODE)
#undef MILLRACE_EXIT_CODE
};

ExitCode exit_code_of(Errc code);

/// One line for each code.
std::string exit_code_help();

}  // namespace millrace::app
