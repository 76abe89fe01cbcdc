#include "metadata/features.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace millrace::metadata {
namespace {

// Advertising a level that is only half built lets admins and clients switch it on: a feature
// stays at 0 until its part exists. What is kept are the levels of Kafka 4.3.1.
constexpr auto kFeatures = std::to_array<SupportedFeature>({
    {kEligibleLeaderReplicasFeature, 0, 0, 0, 1},
    {"group.version", 0, 0, 0, 1},
    {kKRaftVersionFeature, 0, 0, 0, 0},  // told by control records, see voters.h
    {kMetadataVersionFeature, kMetadataVersionMin, kMetadataVersionMax, kMetadataVersionMax,
     kMetadataVersionMax},
    {"share.version", 0, 0, 0, 1},
    {"streams.version", 0, 0, 0, 1},
    {"transaction.version", 0, 0, 0, 2},
});

constexpr auto kVersionNames = std::to_array<std::string_view>(
    {"3.3-IV3", "3.4-IV0", "3.5-IV0", "3.5-IV1", "3.5-IV2", "3.6-IV0", "3.6-IV1", "3.6-IV2",
     "3.7-IV0", "3.7-IV1", "3.7-IV2", "3.7-IV3", "3.7-IV4", "3.8-IV0", "3.9-IV0", "4.0-IV0",
     "4.0-IV1", "4.0-IV2", "4.0-IV3", "4.1-IV0", "4.1-IV1", "4.2-IV0", "4.2-IV1", "4.3-IV0"});
static_assert(kVersionNames.size() == kMetadataVersionMax - kMetadataVersionMin + 1);

}  // namespace

std::span<const SupportedFeature> supported_features() {
  return kFeatures;
}

const SupportedFeature* find_feature(std::string_view name) {
  const auto found = std::ranges::find(kFeatures, name, &SupportedFeature::name);
  return found == kFeatures.end() ? nullptr : &*found;
}

Result<> check_finalised(std::string_view name, int16_t level) {
  const SupportedFeature* feature = find_feature(name);
  if (feature == nullptr) {
    return fail(
        Errc::kNewerFormat,
        fmt::format("{} is finalised at level {}, and nothing is known of it here", name, level));
  }
  if (level >= feature->level_min && level <= feature->level_kept) return {};
  return fail(
      Errc::kNewerFormat,
      fmt::format("{} is finalised at level {}, and this server runs clusters with {} to {}", name,
                  level, feature->level_min, feature->level_kept));
}

std::string_view metadata_version_name(int16_t level) {
  if (level < kMetadataVersionMin || level > kMetadataVersionMax) return {};
  return kVersionNames[static_cast<size_t>(level - kMetadataVersionMin)];
}

}  // namespace millrace::metadata
