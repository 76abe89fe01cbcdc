#include "broker/stopped_metadata.h"

#include <algorithm>
#include <vector>

#include "base/uuid.h"
#include "broker/quorum_files.h"
#include "log/file_names.h"
#include "log/segment_scan.h"
#include "metadata/loader.h"
#include "metadata/topic_name.h"

namespace millrace::broker {
namespace {

constexpr std::string_view kCleanupPolicy = "cleanup.policy";

const log::TopicPartition& metadata_partition() {
  static const log::TopicPartition partition{std::string(metadata::kMetadataTopic),
                                             PartitionIndex(0)};
  return partition;
}

Result<std::vector<Offset>> segments_in(runtime::Disk& disk, const std::string& directory) {
  std::vector<Offset> bases;
  for (const runtime::DirectoryEntry& entry : TRY(disk.list(directory))) {
    const auto name = log::SegmentFileName::parse(entry.name);
    if (name && name->kind == log::FileKind::kLog && name->suffix == log::FileSuffix::kNone) {
      bases.push_back(name->base_offset);
    }
  }
  std::ranges::sort(bases);
  return bases;
}

// Damage ends what can be told; whether it is more than an incomplete end is found elsewhere.
Result<> load_segment(runtime::File& file, Offset base, metadata::Loader& loader) {
  log::SegmentScan scan(file, 0, TRY(file.size()), log::SegmentOffsets::from(base));
  while (TRY(scan.next()) == log::SegmentScan::Found::kBatch) {
    if (scan.header().last_offset() < loader.next_offset()) continue;
    const kafka::RecordBatchView batch = TRY(scan.batch());
    TRY(loader.load(batch));
  }
  return {};
}

bool is_compacted(const metadata::Image& image, std::string_view topic) {
  const metadata::Config& own = image.topic_config(topic);
  const auto policy = own.find(std::string(kCleanupPolicy));
  return policy != own.end() && policy->second.find("compact") != std::string::npos;
}

}  // namespace

Result<metadata::Image> read_stopped_metadata(runtime::Disk& disk, const std::string& data) {
  const QuorumFiles files(disk, data);
  TRY(files.read_state());
  QuorumFiles::Snapshot begin;
  if (auto snapshot = TRY(files.newest_snapshot()); snapshot) begin = *std::move(snapshot);
  metadata::Loader loader(std::move(begin.image), begin.id.end_offset, begin.id.epoch,
                          std::move(begin.header.quorum));
  const std::string directory = runtime::join_path(data, metadata_partition().to_string());
  for (const Offset base : TRY(segments_in(disk, directory))) {
    const log::SegmentFileName name{base, log::FileKind::kLog, log::FileSuffix::kNone};
    const std::string path = runtime::join_path(directory, name.to_string());
    const std::unique_ptr<runtime::File> file = TRY(disk.open(path, {.read_only = true}));
    if (const Result<> loaded = load_segment(*file, base, loader); !loaded) {
      return fail(loaded.error().within(path));
    }
  }
  return loader.image();
}

log::KnownPartitions known_partitions(const metadata::Image& image, BrokerId node) {
  log::KnownPartitions known;
  known[metadata_partition()] = {.topic_id = TopicId{kMetadataTopicUuid}};
  for (const auto& [id, topic] : image.topics()) {
    const bool compacted = is_compacted(image, topic.name);
    for (const auto& [index, partition] : topic.partitions) {
      if (!partition.has_replica(node)) continue;
      known[{topic.name, index}] = {.topic_id = id, .may_have_gaps = compacted};
    }
  }
  return known;
}

}  // namespace millrace::broker
