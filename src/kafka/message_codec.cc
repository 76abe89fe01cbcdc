#include "kafka/message_codec.h"

#include <fmt/core.h>

namespace millrace::kafka {

Error no_such_version(std::string_view message, int16_t version, int16_t version_min,
                      int16_t version_max) {
  return {Errc::kUnsupportedVersion,
          fmt::format("{} v{}: versions are {} to {}", message, version, version_min, version_max)};
}

}  // namespace millrace::kafka
