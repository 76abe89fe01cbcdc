#include "log/meta_properties.h"

#include <fmt/core.h>

#include <charconv>

namespace millrace::log {
namespace {

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\f";
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

template <class Number>
bool parse_number(std::string_view text, Number& into) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, into);
  return error == std::errc() && stop == end;
}

}  // namespace

std::string format_meta_properties(const MetaProperties& meta) {
  return fmt::format("version=1\ncluster.id={}\nnode.id={}\ndirectory.id={}\n", meta.cluster_id,
                     meta.node_id.value, meta.directory_id.to_string());
}

Result<MetaProperties> parse_meta_properties(std::string_view text) {
  MetaProperties meta;
  int version = -1;
  while (!text.empty()) {
    const size_t newline = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, newline));
    text.remove_prefix(std::min(newline + 1, text.size()));
    if (line.empty() || line[0] == '#' || line[0] == '!') continue;
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos) {
      return fail(Errc::kCorruptFile,
                  fmt::format("meta.properties has the line \"{}\"", line.substr(0, 200)));
    }
    const std::string_view name = trim(line.substr(0, equals));
    const std::string_view value = trim(line.substr(equals + 1));
    bool valid = true;
    if (name == "version") valid = parse_number(value, version);
    if (name == "cluster.id") meta.cluster_id = value;
    if (name == "node.id") valid = parse_number(value, meta.node_id.value);
    if (name == "directory.id") {
      const Result<Uuid> id = Uuid::parse(value);
      valid = id.has_value();
      if (valid) meta.directory_id = *id;
    }
    if (!valid) {
      return fail(Errc::kCorruptFile,
                  fmt::format("meta.properties has {}={}", name, value.substr(0, 200)));
    }
  }
  if (version > 1) {
    return fail(Errc::kNewerFormat, fmt::format("meta.properties of version {}", version));
  }
  if (version != 1 || meta.cluster_id.empty() || meta.node_id.value < 0) {
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
