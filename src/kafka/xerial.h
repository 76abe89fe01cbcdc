// The snappy framing of Kafka: that of Java's snappy library by Taro Saito (xerial.org). Not the
// framing format of Google's snappy, which nothing in Kafka's world reads.
//
// A stream is a 16-byte header (82 'SNAPPY' 00, version int32, lowest compatible version int32)
// followed by blocks (int32 size, one raw snappy block); a header may also stand where a block
// would.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace millrace::kafka {

/// Appends `from` as one stream with Java's block size, 32 KiB.
void xerial_compress(Bytes from, Buffer& to);

/// Appends the content of a stream; what does not begin as one is taken for a single raw block, as
/// Java does.
/// Errors: kCorruptMessage; kMessageTooLarge when `into` would grow over `bytes_max`.
Result<> xerial_decompress(Bytes from, Buffer& into, size_t bytes_max);

}  // namespace millrace::kafka
