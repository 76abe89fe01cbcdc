// How an error is told to a person:
//
//   error: topic "ordres"; did you mean orders? (This server does not host that topic ...)
//   hint: Check the name and the partition number; `millrace topic list` shows what there is.
//   code: KAF-3 UNKNOWN_TOPIC_OR_PARTITION  (millrace explain KAF-3)
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace millrace::app {

/// `command` is what was asked for ("topic create"): its help is the hint after kUsage.
std::string describe_error(const Error& error, std::string_view command = {});

/// "KAF-3" for Kafka's, "MR-NotFound" for ours: what `explain` takes.
std::string error_label(const ErrorInfo& row);

}  // namespace millrace::app
