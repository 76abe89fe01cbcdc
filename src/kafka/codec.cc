#include "kafka/codec.h"

#include <fmt/core.h>

namespace millrace::kafka {
namespace {

bool in(int16_t version, int16_t version_min, int16_t version_max) {
  return version >= version_min && version <= version_max;
}

Error no_such_version(std::string_view message, int16_t version, int16_t version_min,
                      int16_t version_max) {
  return {Errc::kUnsupportedVersion, fmt::format("{} v{}: versions are {} to {}", message, version,
                                                 version_min, version_max)};
}

}  // namespace

Error decode_error(const Reader& r, std::string_view message, int16_t version,
                   int16_t version_min, int16_t version_max) {
  return in(version, version_min, version_max)
             ? r.error(message, version)
             : no_such_version(message, version, version_min, version_max);
}

Error encode_error(const Writer& w, std::string_view message, int16_t version,
                   int16_t version_min, int16_t version_max) {
  return in(version, version_min, version_max)
             ? w.error(message, version)
             : no_such_version(message, version, version_min, version_max);
}

}  // namespace millrace::kafka
