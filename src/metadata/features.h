// Features: the names and levels a cluster agrees on, which of them this server can take part in,
// and which it finalises when it founds a cluster.
// Not for the levels in force: those are in the image.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"

namespace millrace::metadata {

inline constexpr std::string_view kMetadataVersionFeature = "metadata.version";
inline constexpr std::string_view kKRaftVersionFeature = "kraft.version";
inline constexpr std::string_view kEligibleLeaderReplicasFeature =
    "eligible.leader.replicas.version";

// Levels of metadata.version at which records gained fields. Source: Kafka 4.3.1.
inline constexpr int16_t kMetadataVersionMin = 7;            // 3.3-IV3
inline constexpr int16_t kZkMigrationLevel = 8;              // 3.4-IV0: registration v2
inline constexpr int16_t kLeaderEpochStableLevel = 12;       // 3.6-IV0: no epoch bump on ISR shrink
inline constexpr int16_t kMetadataTransactionLevel = 13;     // 3.6-IV1: begin, end, abort
inline constexpr int16_t kControllerRegistrationLevel = 15;  // 3.7-IV0
inline constexpr int16_t kDirectoryAssignmentLevel = 17;     // 3.7-IV2: directories (KIP-858)
inline constexpr int16_t kEligibleLeaderReplicasLevel = 23;  // 4.0-IV1: ELR fields (KIP-966)
inline constexpr int16_t kCordonedDirectoriesLevel = 30;     // 4.3-IV0: KIP-1066
inline constexpr int16_t kMetadataVersionMax = 30;           // 4.3-IV0

/// A feature as this server supports it.
struct SupportedFeature {
  std::string_view name;
  int16_t level_min;
  int16_t level_max;        ///< 0: known by name, not built; never finalised here
  int16_t level_bootstrap;  ///< finalised when this server founds a cluster; 0 = left out
  /// The highest that another server may have finalised in a directory which is then run here: what
  /// it brought with it, records above all, is kept as it is, so that the directory can go back.
  /// Nobody is offered more than level_max.
  int16_t level_kept;
};

/// Sorted by name; metadata.version and kraft.version among them.
std::span<const SupportedFeature> supported_features();

/// nullptr for a name we do not know.
const SupportedFeature* find_feature(std::string_view name);

/// Whether a cluster that has finalised the feature at this level can be run here.
/// Errors: kNewerFormat with the levels that can.
Result<> check_finalised(std::string_view name, int16_t level);

/// "4.3-IV0" for 30; empty for a level that has no name here.
std::string_view metadata_version_name(int16_t level);

}  // namespace millrace::metadata
