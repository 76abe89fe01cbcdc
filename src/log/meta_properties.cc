#include "log/meta_properties.h"

#include <fmt/core.h>

#include <charconv>

#include "base/properties.h"

namespace millrace::log {
namespace {

bool read_number(std::string_view text, int32_t& into) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, into);
  return error == std::errc() && stop == end;
}

bool read_directory_id(std::string_view text, Uuid& into) {
  const Result<Uuid> id = Uuid::parse(text);
  if (!id || is_reserved_directory(*id)) return false;
  into = *id;
  return true;
}

}  // namespace

std::string format_meta_properties(const MetaProperties& meta) {
  std::string text = format_property("version", "1");
  text += format_property("cluster.id", meta.cluster_id);
  text += format_property("node.id", fmt::format("{}", meta.node_id.value));
  if (!meta.directory_id.is_zero()) {
    text += format_property("directory.id", meta.directory_id.to_string());
  }
  return text;
}

Result<MetaProperties> parse_meta_properties(std::string_view text) {
  const Result<std::vector<Property>> properties = parse_properties(text);
  if (!properties) {
    return fail(Errc::kCorruptFile,
                fmt::format("meta.properties: {}", properties.error().detail()));
  }
  MetaProperties meta{.node_id = kNoBroker};
  int32_t version = -1;
  for (const auto& [name, value, line] : *properties) {
    bool valid = true;
    if (name == "version") valid = read_number(value, version);
    if (name == "cluster.id") meta.cluster_id = value;
    if (name == "node.id") valid = read_number(value, meta.node_id.value);
    if (name == "directory.id") valid = read_directory_id(value, meta.directory_id);
    if (!valid) {
      return fail(Errc::kCorruptFile, fmt::format("meta.properties:{}: it has {}={}", line, name,
                                                  std::string_view(value).substr(0, 200)));
    }
  }
  if (version > 1) {
    return fail(Errc::kNewerFormat, fmt::format("meta.properties of version {}", version));
  }
  if (version != 1 || meta.cluster_id.empty() || meta.node_id < BrokerId(0)) {
    return fail(Errc::kCorruptFile, "meta.properties must have version=1, cluster.id and node.id");
  }
  return meta;
}

std::string format_clean_shutdown(int64_t broker_epoch) {
  return fmt::format("{{\"version\":0,\"brokerEpoch\":{}}}", broker_epoch);
}

std::optional<int64_t> parse_clean_shutdown(std::string_view text) {
  constexpr std::string_view kName = "\"brokerEpoch\"";
  size_t at = text.find(kName);
  if (at == std::string_view::npos) return std::nullopt;
  at = text.find_first_not_of(" :\t", at + kName.size());
  if (at == std::string_view::npos) return std::nullopt;
  int64_t epoch = 0;
  const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), epoch);
  if (error != std::errc()) return std::nullopt;
  return epoch;
}

}  // namespace millrace::log
