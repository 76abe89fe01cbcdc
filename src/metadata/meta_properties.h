// The file `meta.properties` in every log directory: whose directory it is.
// Pure: text in, text out.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

namespace millrace::metadata {

struct MetaProperties {
  std::string cluster_id;
  BrokerId node;
  /// Not set in directories written before these had ids, nor in version 0; the host then makes one
  /// up and writes the file again.
  std::optional<Uuid> directory;
  friend bool operator==(const MetaProperties&, const MetaProperties&) = default;
};

/// Version 1, as Kafka 4 writes it.
std::string format_meta_properties(const MetaProperties& properties);

/// Reads versions 0 and 1.
/// Errors: kCorruptFile when an entry is missing or malformed; kNewerFormat for another version.
Result<MetaProperties> parse_meta_properties(std::string_view text);

}  // namespace millrace::metadata
