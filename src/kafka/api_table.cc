#include "kafka/api_table.h"

#include <array>

namespace millrace::kafka {
namespace {

constexpr auto kTable = std::to_array<ApiInfo>({
#define MILLRACE_API(key, name, min, max, stable, flexible, listeners) \
  {ApiKey::k##name, #name, min, max, stable, flexible, listeners},
#include "kafka/messages/all.def"
});

constexpr size_t kKeyMax = static_cast<size_t>(kTable.back().key);
constexpr uint8_t kNoRow = UINT8_MAX;
static_assert(kTable.size() < kNoRow);

constexpr auto kRowOfKey = [] {
  std::array<uint8_t, kKeyMax + 1> rows{};
  rows.fill(kNoRow);
  for (size_t i = 0; i < kTable.size(); ++i) {
    rows[static_cast<size_t>(kTable[i].key)] = static_cast<uint8_t>(i);
  }
  return rows;
}();

}  // namespace

std::span<const ApiInfo> api_table() {
  return kTable;
}

const ApiInfo* find_api(int16_t key) {
  if (key < 0 || static_cast<size_t>(key) > kKeyMax) return nullptr;
  const uint8_t row = kRowOfKey[static_cast<size_t>(key)];
  return row == kNoRow ? nullptr : &kTable[row];
}

int16_t advertised_version_min(const ApiInfo& api) {
  return api.key == ApiKey::kProduce ? int16_t{0} : api.version_min;
}

int16_t request_header_version(const ApiInfo& api, int16_t version) {
  return api.is_flexible(version) ? 2 : 1;
}

int16_t response_header_version(const ApiInfo& api, int16_t version) {
  return api.key != ApiKey::kApiVersions && api.is_flexible(version) ? 1 : 0;
}

}  // namespace millrace::kafka
