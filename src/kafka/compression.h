// The four codecs of record batches, in exactly the framings Kafka's clients write and read.
// Not for the batch around them: record_batch.h says what is compressed (the records, not the
// header), record.h decompresses a batch's records.
//
// | codec  | what we write                         | what we also read                            |
// | ------ | ------------------------------------- | -------------------------------------------- |
// | gzip   | RFC 1952, one member                  | several members                              |
// | snappy | xerial framing (xerial.h)             | one raw block, as Java does                  |
// | lz4    | LZ4 frame: independent 64 KiB blocks, | any flags, several frames                    |
// |        | neither checksum nor content size     |                                              |
// | zstd   | RFC 8878, one frame                   | streams: no content size, any window, frames |
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace millrace::kafka {

/// The numbers of the batch attributes. Numbers 5 to 7 mean nothing yet: a batch can carry them and
/// pass through, to decompress it is kUnsupportedCompressionType.
enum class Codec : uint8_t { kNone = 0, kGzip = 1, kSnappy = 2, kLz4 = 3, kZstd = 4 };
inline constexpr int kCodecCount = 5;

/// "none", "gzip", "snappy", "lz4", "zstd"; "unknown" for the rest.
std::string_view codec_name(Codec codec);
std::optional<Codec> codec_of_name(std::string_view name);

/// What Kafka's settings compression.{gzip,lz4,zstd}.level allow. Codecs without levels have 0 to
/// 0.
struct CompressionLevels {
  int lowest;
  int highest;
  int standard;  ///< Kafka's default
};
CompressionLevels compression_levels(Codec codec);

/// Stands for the codec's standard level wherever a level is asked for.
inline constexpr int kStandardLevel = INT32_MIN;

/// More than a batch can have: lengths are int32.
inline constexpr size_t kDecompressedBytesMax = INT32_MAX;

/// Compresses, keeping each codec's working memory for the next call. Not shared between threads.
class Compressor {
 public:
  Compressor();
  ~Compressor();
  Compressor(Compressor&&) noexcept;
  Compressor& operator=(Compressor&&) noexcept;

  /// Appends `from`, compressed, to `to`. kNone copies.
  /// Errors: kUnsupportedCompressionType, kInvalidSetting (level), kMessageTooLarge (over 2 GiB).
  Result<> compress(Codec codec, int level, Bytes from, Buffer& to);

 private:
  struct Contexts;
  std::unique_ptr<Contexts> contexts_;
};

/// Decompresses, keeping each codec's working memory for the next call. Not shared between threads.
class Decompressor {
 public:
  Decompressor();
  ~Decompressor();
  Decompressor(Decompressor&&) noexcept;
  Decompressor& operator=(Decompressor&&) noexcept;

  /// Replaces what `into` holds by the decompressed form of `from`. kNone copies.
  /// Errors: kCorruptMessage (damaged, cut off, or something behind it), kMessageTooLarge (more
  /// than `bytes_max`), kUnsupportedCompressionType. After an error `into` holds nothing of use.
  /// Bounds: memory of `into` and time are O(bytes_max), whatever `from` claims.
  Result<> decompress(Codec codec, Bytes from, Buffer& into, size_t bytes_max);

 private:
  struct Contexts;
  std::unique_ptr<Contexts> contexts_;
};

}  // namespace millrace::kafka
