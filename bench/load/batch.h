// Record batches as load: so many records of such a size, made once and sent again and again.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "kafka/compression.h"

namespace millrace::bench {

class Arguments;

/// What a batch is made of.
struct BatchShape {
  int32_t records = 1;
  int64_t value_bytes = 1024;
  bool keyed = false;  ///< an 8-byte key each, patched per send
  kafka::Codec codec = kafka::Codec::kNone;
  /// When not 0, `records` is chosen so that the batch, compressed, comes near this many bytes.
  int64_t wire_bytes = 0;
  /// JSON objects, which compress as such things do; else bytes that do not compress.
  bool json = false;

  /// --records-per-batch, --record-bytes, --keys, --codec, --batch-bytes.
  static BatchShape from(const Arguments& arguments);
};

/// The same shape gives the same bytes, for every broker. Units of the result: a whole batch.
Buffer make_batch(const BatchShape& shape);

/// The record count in a batch's header.
int32_t record_count_of(Bytes batch);

}  // namespace millrace::bench
