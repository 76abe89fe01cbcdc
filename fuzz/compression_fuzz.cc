// Compressed bytes from a stranger, and whether what we compress comes back.
// Shape of an input: one byte for the codec (gzip, snappy, lz4, zstd), then the bytes.
#include "base/bytes.h"
#include "base/check.h"
#include "kafka/compression.h"

namespace millrace::kafka {
namespace {

constexpr size_t kDecompressedMax = 1 << 20;

struct Machines {
  Compressor compressor;
  Decompressor decompressor;
  Buffer small;
  Buffer large;
};

void run(Bytes input) {
  static Machines* const machines = new Machines;
  auto& [compressor, decompressor, small, large] = *machines;
  if (input.empty()) return;
  const Codec codec = Codec(1 + input[0] % (kCodecCount - 1));
  const Bytes bytes = input.subspan(1);

  auto done = decompressor.decompress(codec, bytes, large, kDecompressedMax);
  if (done) {
    CHECK(large.size() <= kDecompressedMax);
    // One byte less than it takes is refused.
    const size_t size = large.size();
    if (size > 0) CHECK(!decompressor.decompress(codec, bytes, large, size - 1));
  } else {
    CHECK(!done.error().detail().empty());
  }
  CHECK(large.capacity() <= 2 * kDecompressedMax);

  small.clear();
  CHECK(compressor.compress(codec, kStandardLevel, bytes, small).has_value());
  CHECK(decompressor.decompress(codec, small, large, bytes.size()).has_value());
  CHECK(equal(large, bytes));
}

}  // namespace
}  // namespace millrace::kafka

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  millrace::kafka::run({data, size});
  return 0;
}
