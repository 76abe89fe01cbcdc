#include "log/partition_metadata.h"

#include <fmt/core.h>

#include "base/printable.h"
#include "log/file_names.h"

namespace millrace::log {

std::string format_partition_metadata(TopicId id) {
  return fmt::format("version: 0\ntopic_id: {}", id.value.to_string());
}

Result<TopicId> parse_partition_metadata(std::string_view text) {
  constexpr std::string_view kVersion = "version: ";
  constexpr std::string_view kTopicId = "\ntopic_id: ";
  const size_t line_end = text.find('\n');
  const auto malformed = [&] {
    return fail(Errc::kCorruptFile,
                fmt::format("partition.metadata holds \"{}\"", printable(text)));
  };
  if (!text.starts_with(kVersion) || line_end == std::string_view::npos) return malformed();
  if (const std::string_view version = text.substr(kVersion.size(), line_end - kVersion.size());
      version != "0") {
    return fail(Errc::kNewerFormat, fmt::format("partition.metadata of version {}", version));
  }
  std::string_view id = text.substr(line_end);
  if (!id.starts_with(kTopicId)) return malformed();
  id.remove_prefix(kTopicId.size());
  if (id.ends_with('\n')) id.remove_suffix(1);
  const Result<Uuid> uuid = Uuid::parse(id);
  if (!uuid || uuid->is_zero()) return malformed();
  return TopicId{*uuid};
}

Result<TopicId> read_partition_metadata(runtime::Disk& disk, const std::string& directory) {
  constexpr size_t kBytesMax = 1 << 20;
  return parse_partition_metadata(TRY(
      runtime::read_file(disk, runtime::join_path(directory, kPartitionMetadataName), kBytesMax)));
}

}  // namespace millrace::log
