// How an error is told to a person:
//
//   error: topic "ordres": this server does not host that topic or partition
//   hint: did you mean "orders"?
//   code: KAF-3 UNKNOWN_TOPIC_OR_PARTITION  (millrace explain KAF-3)
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace millrace::app {

std::string describe_error(const Error& error);

/// "KAF-3" for Kafka's, "MR-NotFound" for ours: what `explain` takes.
std::string error_label(const ErrorInfo& row);

/// The candidate nearest to `word`, when it is near enough to be meant; else empty.
std::string nearest(std::string_view word, std::span<const std::string> candidates);

}  // namespace millrace::app
