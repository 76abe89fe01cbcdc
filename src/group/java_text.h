// Text as Kafka's coordinator counts it. Java measures and hashes strings in UTF-16; ours are UTF-8
// everywhere else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace millrace::group {

/// Units: UTF-16 code units, as Java's String.length().
size_t utf16_length(std::string_view utf8);

/// Which partition of `__consumer_offsets` holds a group: Kafka's rule, so that clients and Java
/// brokers agree. Requires: partitions > 0.
int32_t partition_for(std::string_view group_id, int32_t partitions);

/// The longest beginning of at most `bytes_max` bytes that splits no character.
std::string_view cut(std::string_view utf8, size_t bytes_max);

}  // namespace millrace::group
