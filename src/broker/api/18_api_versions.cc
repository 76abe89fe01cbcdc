// ApiVersions, v0 to v4: which APIs, in which versions, and which features this broker has.
//
// Promises: lists exactly what is registered in api.cc, in the versions of kafka/api_table.h. A
// version from the future is answered in the form of version 0, with UNSUPPORTED_VERSION and our
// range for this API alone, so that the client can ask again (KIP-511). The response header is
// always version 0. Features whose minimum is 0 are left out below v4, where clients choke on them
// (KAFKA-17011).
// Differences: an unusable software name is answered with INVALID_REQUEST like Kafka's.
#include <algorithm>

#include "broker/api/handlers.h"
#include "broker/node.h"
#include "broker/quorum.h"
#include "broker/request.h"
#include "kafka/messages/api_versions.h"
#include "metadata/features.h"

namespace millrace::broker {
namespace {

using kafka::ApiVersionsResponse;

constexpr int16_t kFirstVersionWithFeatures = 3;
constexpr int16_t kFirstVersionWithAllFeatures = 4;

// The pattern of KIP-511: [a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?
bool is_software_name(std::string_view text) {
  const auto alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !text.empty() && alphanumeric(text.front()) && alphanumeric(text.back()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return alphanumeric(c) || c == '-' || c == '.'; });
}

ApiVersionsResponse::ApiVersion entry(const kafka::ApiInfo& info) {
  return {.api_key = static_cast<int16_t>(info.key),
          .min_version = kafka::advertised_version_min(info),
          .max_version = info.version_max_stable};
}

std::span<ApiVersionsResponse::ApiVersion> all_entries(Arena& arena) {
  const auto entries = arena.make_array<ApiVersionsResponse::ApiVersion>(served_apis().size());
  std::transform(served_apis().begin(), served_apis().end(), entries.begin(), [](const Api& api) {
    return entry(*kafka::find_api(static_cast<int16_t>(api.key)));
  });
  return entries;
}

// Features that are known by name but not built are not listed, so nobody relies on them, also not
// where another server has finalised them.
void add_features(const metadata::Image& image, Offset epoch, Request& request,
                  ApiVersionsResponse& answer) {
  std::vector<ApiVersionsResponse::SupportedFeature> supported;
  for (const metadata::SupportedFeature& feature : metadata::supported_features()) {
    const bool listed = feature.level_min > 0 || request.version() >= kFirstVersionWithAllFeatures;
    if (feature.level_max == 0 || !listed) continue;
    supported.push_back(
        {.name = feature.name, .min_version = feature.level_min, .max_version = feature.level_max});
  }
  std::vector<ApiVersionsResponse::FinalizedFeature> finalized;
  for (const auto& [name, level] : image.features()) {
    const int16_t served = std::min(level, metadata::find_feature(name)->level_max);
    if (served == 0) continue;
    finalized.push_back({.name = name, .max_version_level = served, .min_version_level = served});
  }
  answer.supported_features = request.arena().copy_array(supported);
  answer.finalized_features = request.arena().copy_array(finalized);
  answer.finalized_features_epoch = epoch.value;
}

}  // namespace

runtime::Task<> handle_api_versions(Request* request) {
  Arena& arena = request->arena();
  ApiVersionsResponse answer;
  if (!request->known_version()) {
    answer.error_code = error_info(Errc::kUnsupportedVersion).kafka_code;
    answer.api_keys = arena.make_array<ApiVersionsResponse::ApiVersion>(1);
    answer.api_keys[0] = entry(request->info());
    co_await request->answer(answer, 0);
    co_return;
  }
  const auto wanted = co_await request->decode<kafka::ApiVersionsRequest>();
  if (request->version() >= kFirstVersionWithFeatures &&
      (!is_software_name(wanted.client_software_name) ||
       !is_software_name(wanted.client_software_version))) {
    answer.error_code = error_info(Errc::kInvalidRequest).kafka_code;
    co_await request->answer(answer);
    co_return;
  }
  answer.api_keys = all_entries(arena);
  if (request->version() >= kFirstVersionWithFeatures) {
    request->connection().client_software = std::string(wanted.client_software_name) + " " +
                                            std::string(wanted.client_software_version);
    const Quorum& quorum = request->node().quorum;
    add_features(quorum.image(), quorum.committed_offset() - 1, *request, answer);
  }
  co_await request->answer(answer);
}

}  // namespace millrace::broker
