#include "log/file_names.h"

#include <fmt/core.h>

#include <array>
#include <charconv>

namespace millrace::log {
namespace {

constexpr size_t kOffsetDigits = 20;
constexpr size_t kNameBytesMax = 255;
constexpr size_t kUniqueDigits = 32;

constexpr std::array<std::string_view, 5> kKindText = {".log", ".index", ".timeindex", ".txnindex",
                                                       ".snapshot"};
constexpr std::array<std::string_view, 4> kSuffixText = {"", ".deleted", ".cleaned", ".swap"};
constexpr std::array<std::string_view, 4> kDirectoryText = {"", "-delete", "-future", "-stray"};

template <class Number>
std::optional<Number> parse_number(std::string_view digits) {
  Number number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size() ||
      digits[0] == '-') {
    return std::nullopt;
  }
  return number;
}

std::optional<TopicPartition> parse_topic_partition(std::string_view name) {
  const size_t dash = name.rfind('-');
  if (dash == std::string_view::npos || dash == 0) return std::nullopt;
  const std::string_view digits = name.substr(dash + 1);
  const std::optional<int32_t> partition = parse_number<int32_t>(digits);
  if (!partition || (digits.size() > 1 && digits[0] == '0')) return std::nullopt;
  return TopicPartition{std::string(name.substr(0, dash)), PartitionIndex(*partition)};
}

}  // namespace

std::string TopicPartition::to_string() const {
  return fmt::format("{}-{}", topic, partition.value);
}

std::string SegmentFileName::to_string() const {
  return fmt::format("{:020}{}{}", base_offset.value, kKindText[static_cast<size_t>(kind)],
                     kSuffixText[static_cast<size_t>(suffix)]);
}

std::optional<SegmentFileName> SegmentFileName::parse(std::string_view name) {
  if (name.size() <= kOffsetDigits) return std::nullopt;
  const std::optional<int64_t> base = parse_number<int64_t>(name.substr(0, kOffsetDigits));
  if (!base) return std::nullopt;
  const std::string_view rest = name.substr(kOffsetDigits);
  for (size_t kind = 0; kind < kKindText.size(); ++kind) {
    if (!rest.starts_with(kKindText[kind])) continue;
    for (size_t suffix = 0; suffix < kSuffixText.size(); ++suffix) {
      if (rest.substr(kKindText[kind].size()) != kSuffixText[suffix]) continue;
      return SegmentFileName{Offset(*base), static_cast<FileKind>(kind),
                             static_cast<FileSuffix>(suffix)};
    }
  }
  return std::nullopt;
}

std::string PartitionDirectoryName::to_string() const {
  if (kind == DirectoryKind::kPartition) return partition.to_string();
  const std::string tail = fmt::format("-{}.{}{}", partition.partition.value, unique,
                                       kDirectoryText[static_cast<size_t>(kind)]);
  return partition.topic.substr(0, kNameBytesMax - tail.size()) + tail;
}

std::optional<PartitionDirectoryName> PartitionDirectoryName::parse(std::string_view name) {
  PartitionDirectoryName result;
  for (size_t kind = 1; kind < kDirectoryText.size(); ++kind) {
    const std::string_view ending = kDirectoryText[kind];
    const size_t tail = 1 + kUniqueDigits + ending.size();
    if (!name.ends_with(ending) || name.size() < tail || name[name.size() - tail] != '.') continue;
    result.kind = static_cast<DirectoryKind>(kind);
    result.unique = name.substr(name.size() - tail + 1, kUniqueDigits);
    name.remove_suffix(tail);
    break;
  }
  std::optional<TopicPartition> partition = parse_topic_partition(name);
  if (!partition) return std::nullopt;
  result.partition = std::move(*partition);
  return result;
}

TopicPartition name_when_away(const TopicPartition& name, DirectoryKind kind) {
  const PartitionDirectoryName away{name, kind, std::string(kUniqueDigits, '0')};
  return PartitionDirectoryName::parse(away.to_string())->partition;
}

std::string hex_of(const Uuid& id) {
  return fmt::format("{:016x}{:016x}", id.high, id.low);
}

}  // namespace millrace::log
