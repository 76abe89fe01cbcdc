#include "broker/log_settings.h"

#include <fmt/core.h>

#include <algorithm>

namespace millrace::broker {
namespace {

constexpr int64_t kNoLimit = INT64_MAX;

std::optional<int64_t> limit_or_none(int64_t value) {
  if (value < 0 || value == kNoLimit) return std::nullopt;
  return value;
}
std::optional<Duration> time_or_none(int64_t ms) {
  if (ms < 0 || ms == kNoLimit) return std::nullopt;
  return milliseconds(ms);
}

std::string_view without_slash(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path;
}

bool holds(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

int compression_level(const TopicSettings& topic, kafka::Codec codec) {
  switch (codec) {
    case kafka::Codec::kGzip:
      return static_cast<int>(topic.get<"compression.gzip.level">());
    case kafka::Codec::kLz4:
      return static_cast<int>(topic.get<"compression.lz4.level">());
    case kafka::Codec::kZstd:
      return static_cast<int>(topic.get<"compression.zstd.level">());
    default:
      return kafka::kStandardLevel;
  }
}

void set_compression(const TopicSettings& topic, log::LogConfig& config) {
  const std::string type = topic.get<"compression.type">();
  if (type == "producer") return;
  config.compression_type =
      type == "uncompressed" ? kafka::Codec::kNone : kafka::codec_of_name(type);
  if (config.compression_type) {
    config.compression_level = compression_level(topic, *config.compression_type);
  }
}

}  // namespace

std::shared_ptr<const log::LogConfig> topic_log_config(const TopicSettings& topic) {
  auto config = std::make_shared<log::LogConfig>();
  config->segment_bytes = static_cast<int32_t>(topic.get<"segment.bytes">());
  if (const auto bytes = topic.get<"internal.segment.bytes">()) {
    config->segment_bytes = static_cast<int32_t>(*bytes);
  }
  config->segment_ms = milliseconds(topic.get<"segment.ms">());
  config->segment_jitter_ms = milliseconds(topic.get<"segment.jitter.ms">());
  config->segment_index_bytes = static_cast<int32_t>(topic.get<"segment.index.bytes">());
  config->index_interval_bytes = static_cast<int32_t>(topic.get<"index.interval.bytes">());

  const std::vector<std::string> policy = topic.get<"cleanup.policy">();
  config->cleanup_delete = holds(policy, "delete");
  config->cleanup_compact = holds(policy, "compact");
  config->retention_bytes = limit_or_none(topic.get<"retention.bytes">());
  config->retention_ms = time_or_none(topic.get<"retention.ms">());
  config->file_delete_delay_ms = milliseconds(topic.get<"file.delete.delay.ms">());

  config->delete_retention_ms = milliseconds(topic.get<"delete.retention.ms">());
  config->min_compaction_lag_ms = milliseconds(topic.get<"min.compaction.lag.ms">());
  config->max_compaction_lag_ms = time_or_none(topic.get<"max.compaction.lag.ms">());
  config->min_cleanable_dirty_ratio = topic.get<"min.cleanable.dirty.ratio">();

  config->max_message_bytes = static_cast<int32_t>(topic.get<"max.message.bytes">());
  set_compression(topic, *config);
  if (topic.get<"message.timestamp.type">() == "LogAppendTime") {
    config->message_timestamp_type = kafka::TimestampType::kLogAppendTime;
  }
  config->message_timestamp_before_max_ms =
      time_or_none(topic.get<"message.timestamp.before.max.ms">());
  config->message_timestamp_after_max_ms =
      time_or_none(topic.get<"message.timestamp.after.max.ms">());
  config->flush_messages = limit_or_none(topic.get<"flush.messages">());
  config->flush_ms = time_or_none(topic.get<"flush.ms">());
  return config;
}

std::shared_ptr<const log::LogConfig> metadata_log_config(const Settings& settings) {
  auto config = std::make_shared<log::LogConfig>();
  config->segment_bytes = static_cast<int32_t>(settings.get<"metadata.log.segment.bytes">());
  config->segment_ms = milliseconds(settings.get<"metadata.log.segment.ms">());
  config->cleanup_delete = false;
  config->max_message_bytes = INT32_MAX;
  return config;
}

Result<std::string> data_directory(const Settings& settings) {
  const std::vector<std::string> directories =
      settings.get<"log.dirs">().value_or(settings.get<"log.dir">());
  if (directories.size() != 1) {
    return fail(Errc::kInvalidSetting,
                fmt::format("log.dirs names {} directories, and one is what is built yet",
                            directories.size()));
  }
  const std::string& directory = directories.front();
  const std::optional<std::string> metadata = settings.get<"metadata.log.dir">();
  if (metadata && without_slash(*metadata) != without_slash(directory)) {
    return fail(Errc::kInvalidSetting,
                fmt::format("metadata.log.dir is {}, and a place other than log.dirs, {}, is not "
                            "built yet: remove it",
                            *metadata, directory));
  }
  return directory;
}

log::LogDirectoryOptions log_directory_options(const Settings& settings, std::string path,
                                               BrokerId node, Random& random) {
  log::LogDirectoryOptions options;
  options.path = std::move(path);
  options.node_id = node;
  options.format = log::MetaProperties{
      .cluster_id = random.uuid().to_string(), .node_id = node, .directory_id = random.uuid()};
  options.durability = settings.get<"durability">() == "page-cache" ? log::Durability::kPageCache
                                                                    : log::Durability::kLocalSync;
  options.recovery_point_interval =
      milliseconds(settings.get<"log.flush.offset.checkpoint.interval.ms">());
  options.log_start_interval =
      milliseconds(settings.get<"log.flush.start.offset.checkpoint.interval.ms">());
  options.high_watermark_interval =
      milliseconds(settings.get<"replica.high.watermark.checkpoint.interval.ms">());
  options.retention_check_interval =
      milliseconds(settings.get<"log.retention.check.interval.ms">());
  options.producer_id_expiration = milliseconds(settings.get<"producer.id.expiration.ms">());
  options.delete_bytes_per_second_max =
      static_cast<double>(settings.get<"log.delete.io.max.bytes.per.second">());

  options.cleaner.enabled = settings.get<"log.cleaner.enable">();
  options.cleaner.dedupe_buffer_bytes =
      static_cast<size_t>(settings.get<"log.cleaner.dedupe.buffer.size">());
  options.cleaner.load_factor = settings.get<"log.cleaner.io.buffer.load.factor">();
  options.cleaner.bytes_per_second_max = settings.get<"log.cleaner.io.max.bytes.per.second">();
  options.cleaner.backoff = milliseconds(settings.get<"log.cleaner.backoff.ms">());
  return options;
}

}  // namespace millrace::broker
