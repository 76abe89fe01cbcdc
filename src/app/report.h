// How an error is told to a person:
//
//   error: topic "ordres": this server does not host that topic or partition
//   hint: did you mean "orders"?
//   code: KAF-3 UNKNOWN_TOPIC_OR_PARTITION  (millrace explain KAF-3)
#pragma once

#include <string>

#include "base/error.h"

namespace millrace::app {

std::string describe_error(const Error& error);

/// "KAF-3" for Kafka's, "MR-NotFound" for ours: what `explain` takes.
std::string error_label(const ErrorInfo& row);

}  // namespace millrace::app
