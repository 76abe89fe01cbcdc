#include "app/config_resource.h"

#include <fmt/core.h>

namespace millrace::app {

Result<ResourceName> parse_resource(const std::string& text) {
  using client::ConfigResource;
  const size_t slash = text.find('/');
  const std::string kind = text.substr(0, slash);
  const std::string name = slash == std::string::npos ? "" : text.substr(slash + 1);
  if (kind == "topic" && !name.empty()) return ResourceName{ConfigResource::kTopic, name};
  if (kind == "group" && !name.empty()) return ResourceName{ConfigResource::kGroup, name};
  if (kind == "broker") {
    if (name.find_first_not_of("0123456789") != std::string::npos) {
      return fail(Errc::kUsage, fmt::format("\"{}\": a broker's name is its number", text));
    }
    return ResourceName{ConfigResource::kBroker, name};
  }
  return fail(
      Errc::kUsage,
      fmt::format("\"{}\": want topic/NAME, group/NAME, broker/ID or broker for all", text));
}

}  // namespace millrace::app
