#include "broker/api/api.h"

#include <algorithm>
#include <array>

#include "broker/api/handlers.h"

namespace millrace::broker {
namespace {

using kafka::ApiKey;

constexpr auto kApis = std::to_array<Api>({
    {.key = ApiKey::kApiVersions, .handle = handle_api_versions},
});

static_assert(std::is_sorted(kApis.begin(), kApis.end(),
                             [](const Api& a, const Api& b) { return a.key < b.key; }));

}  // namespace

std::span<const Api> served_apis() {
  return kApis;
}

const Api* find_api(std::span<const Api> apis, int16_t key) {
  const auto found = std::lower_bound(apis.begin(), apis.end(), key, [](const Api& api, int16_t k) {
    return static_cast<int16_t>(api.key) < k;
  });
  return found != apis.end() && static_cast<int16_t>(found->key) == key ? &*found : nullptr;
}

}  // namespace millrace::broker
