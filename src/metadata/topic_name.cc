#include "metadata/topic_name.h"

#include <fmt/core.h>
#include <algorithm>

namespace millrace::metadata {
namespace {

bool is_legal(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

std::unexpected<Error> refuse(std::string why) {
  return fail(Errc::kInvalidTopicException, "Topic name is invalid: " + std::move(why));
}

}  // namespace

Result<> check_topic_name(std::string_view name) {
  if (name.empty()) return refuse("the empty string is not allowed");
  if (name == "." || name == "..") return refuse(fmt::format("'{}' is not allowed", name));
  if (name.size() > kTopicNameSizeMax) {
    return refuse(fmt::format("it has {} characters, at most {} are allowed", name.size(),
                              kTopicNameSizeMax));
  }
  if (!std::ranges::all_of(name, is_legal)) {
    return refuse(
        fmt::format("'{}' has characters other than ASCII letters, digits, '.', '_' "
                    "and '-'",
                    name));
  }
  return {};
}

bool is_internal_topic(std::string_view name) {
  return name == kOffsetsTopic || name == kTransactionTopic || name == kShareStateTopic;
}

std::string unified_topic_name(std::string_view name) {
  std::string unified(name);
  std::ranges::replace(unified, '.', '_');
  return unified;
}

}  // namespace millrace::metadata
