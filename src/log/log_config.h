// LogConfig: a topic's settings as far as its logs need them, as typed values. Names, texts and
// where a value comes from are the metadata folder's business.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "base/time.h"
#include "kafka/compression.h"
#include "kafka/record_batch.h"

namespace millrace::log {

/// Fields have Kafka's names, defaults are Kafka's. "Never" and "unlimited" are nullopt.
struct LogConfig {
  int32_t segment_bytes = 1 << 30;  ///< positions are int32: at most 2 GiB - 1
  Duration segment_ms = seconds(7 * 24 * 3600);
  Duration segment_jitter_ms{};
  int32_t segment_index_bytes = 10 << 20;
  int32_t index_interval_bytes = 4096;

  bool cleanup_delete = true;
  bool cleanup_compact = false;  ///< with cleanup_delete: both
  std::optional<int64_t> retention_bytes;
  std::optional<Duration> retention_ms = seconds(7 * 24 * 3600);
  Duration file_delete_delay_ms = seconds(60);

  Duration delete_retention_ms = seconds(24 * 3600);
  Duration min_compaction_lag_ms{};
  std::optional<Duration> max_compaction_lag_ms;
  double min_cleanable_dirty_ratio = 0.5;

  int32_t max_message_bytes = 1048588;
  std::optional<kafka::Codec> compression_type;  ///< nullopt: "producer", as the producer chose
  int32_t compression_level = kafka::kStandardLevel;
  kafka::TimestampType message_timestamp_type = kafka::TimestampType::kCreateTime;
  std::optional<Duration> message_timestamp_before_max_ms;
  std::optional<Duration> message_timestamp_after_max_ms = seconds(3600);

  /// With durability=page-cache only; otherwise every acknowledged write is synced anyway.
  std::optional<int64_t> flush_messages;
  std::optional<Duration> flush_ms;
};

/// When an append is acknowledged.
enum class Durability : uint8_t {
  kLocalSync,  ///< once it is on stable storage here
  kPageCache,  ///< at once, as Kafka does
};

}  // namespace millrace::log
