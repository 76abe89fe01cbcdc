// Which APIs there are, in which versions, on which listeners: the one table from which ApiVersions
// is answered and request headers are read. Its rows come from schema/kafka. Not the routing
// table: which APIs this broker serves is src/broker/api/api.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace millrace::kafka {

/// Kafka's numbers for its APIs; `ApiKey::kFetch`. 4 to 7 went with ZooKeeper (Kafka 4.0).
enum class ApiKey : int16_t {
#define MILLRACE_API(key, name, ...) k##name = key,
#include "kafka/messages/all.def"
};

inline constexpr uint8_t kBrokerListener = 1;
inline constexpr uint8_t kControllerListener = 2;

/// What the protocol says of one API.
struct ApiInfo {
  ApiKey key;
  std::string_view name;  ///< Kafka's: "Fetch"
  int16_t version_min;
  int16_t version_max;
  /// Advertised without unstable.api.versions.enable; below version_max where the last is unstable.
  int16_t version_max_stable;
  int16_t flexible_from;  ///< INT16_MAX = never
  uint8_t listeners;      ///< kBrokerListener, kControllerListener, or both

  bool has_version(int16_t version) const {
    return version >= version_min && version <= version_max;
  }
  bool is_flexible(int16_t version) const { return version >= flexible_from; }
};

/// By rising key.
std::span<const ApiInfo> api_table();

/// nullptr for a key that Kafka 4.3 does not have. Bounds: O(1).
const ApiInfo* find_api(int16_t key);

/// The lowest version to advertise. It is the table's minimum but for Produce, which is advertised
/// from 0 although 0 to 2 are rejected: librdkafka before 2.11.1 looks for exact low versions and
/// otherwise silently sends uncompressed. Source: KAFKA-18659.
int16_t advertised_version_min(const ApiInfo& api);

/// Which RequestHeader version precedes the body: 2 for flexible versions, else 1. A known key with
/// an unknown version is asked as if the version existed, so that an ApiVersions request from the
/// future can still be answered (its header is a v2 header then).
int16_t request_header_version(const ApiInfo& api, int16_t version);

/// Which ResponseHeader version precedes the body: 1 for flexible versions, else 0. ApiVersions is
/// always answered with 0, because the client cannot know yet what we speak.
/// Source: KIP-482, KIP-511.
int16_t response_header_version(const ApiInfo& api, int16_t version);

}  // namespace millrace::kafka
