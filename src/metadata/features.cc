#include "metadata/features.h"

#include <algorithm>
#include <array>

namespace millrace::metadata {
namespace {

// Advertising a level that is only half built lets admins and clients switch it on: a feature
// stays at 0 until its part exists.
constexpr auto kFeatures = std::to_array<SupportedFeature>({
    {"eligible.leader.replicas.version", 0, 0, 0},
    {"group.version", 0, 0, 0},
    {kKRaftVersionFeature, 0, 0, 0},
    {kMetadataVersionFeature, kMetadataVersionMin, kMetadataVersionMax, kMetadataVersionMax},
    {"share.version", 0, 0, 0},
    {"streams.version", 0, 0, 0},
    {"transaction.version", 0, 0, 0},
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

std::string_view metadata_version_name(int16_t level) {
  if (level < kMetadataVersionMin || level > kMetadataVersionMax) return {};
  return kVersionNames[static_cast<size_t>(level - kMetadataVersionMin)];
}

}  // namespace millrace::metadata
