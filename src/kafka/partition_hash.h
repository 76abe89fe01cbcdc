// Which partition a key, a group or a transactional id belongs to. The hashes are Kafka's, so that
// all clients and brokers agree. Not for hash tables.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"

namespace millrace::kafka {

/// Austin Appleby's MurmurHash2 with the seed of Kafka's producers.
uint32_t murmur2(Bytes bytes);

/// The partition Kafka's default partitioner chooses for a record with a key.
/// Requires: partition_count > 0.
PartitionIndex partition_for_key(Bytes key, int32_t partition_count);

/// Java's String.hashCode of UTF-8 text: over UTF-16 units, each malformed sequence as U+FFFD.
int32_t java_string_hash(std::string_view utf8);

/// The partition of __consumer_offsets, __transaction_state or __share_group_state that keeps the
/// state of this id.
/// Requires: partition_count > 0.
PartitionIndex partition_for_id(std::string_view id, int32_t partition_count);

}  // namespace millrace::kafka
