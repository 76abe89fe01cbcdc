// ProduceRequest as bytes that are made once and patched for each send: correlation id, and, where
// asked for, keys and the time at which the record should have left.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "bench/load/batch.h"

namespace millrace::bench {

class ProduceRequestBytes {
 public:
  /// One copy of the batch for each of the partitions.
  ProduceRequestBytes(const std::string& topic, const std::vector<int32_t>& partitions,
                      const BatchShape& shape, int16_t acks);

  Bytes bytes() const { return bytes_; }
  void set_correlation_id(int32_t id);
  /// Writes into the first record's value of each batch when it should have left; readers find it
  /// with stamp_in(). Requires: values of at least 8 bytes, no codec.
  void stamp(int64_t intended_ns);
  /// Gives every record the next key of a sequence that visits all `count` keys in a scattered
  /// order. Requires: a keyed shape, no codec.
  void set_keys(uint64_t& next, uint64_t count);

  int32_t records() const { return records_; }
  int64_t payload_bytes() const { return payload_bytes_; }  ///< of the values, before compression
  int64_t batch_bytes() const { return batch_bytes_; }      ///< as they travel

 private:
  void seal(size_t batch);

  struct Batch {
    size_t at;
    size_t size;
    size_t stamp_at;
    std::vector<size_t> keys_at;
  };
  Buffer bytes_;
  std::vector<Batch> batches_;
  int32_t records_ = 0;
  int64_t payload_bytes_ = 0;
  int64_t batch_bytes_ = 0;
};

/// The stamp of a batch as it comes back in a Fetch response; 0 when it has none.
int64_t stamp_in(Bytes batch);

}  // namespace millrace::bench
