// meta.properties and .kafka_cleanshutdown: whose a data directory is, and whether it was closed in
// order. As bytes; log_directory.h decides what follows from them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "base/uuid.h"

namespace millrace::log {

/// version=1 is the only one written and read.
struct MetaProperties {
  std::string cluster_id;  ///< usually a uuid, but any text will do
  BrokerId node_id;
  Uuid directory_id;  ///< zero when the file has none (written before Kafka 3.7)
  friend bool operator==(const MetaProperties&, const MetaProperties&) = default;
};

std::string format_meta_properties(const MetaProperties& meta);
/// Errors: kCorruptFile, kNewerFormat.
Result<MetaProperties> parse_meta_properties(std::string_view text);

/// The broker epoch of a server that stopped in order (KIP-966).
std::string format_clean_shutdown(int64_t broker_epoch);
/// Nothing when the file has none: it is then a marker only, as before Kafka 3.7.
std::optional<int64_t> parse_clean_shutdown(std::string_view text);

}  // namespace millrace::log
