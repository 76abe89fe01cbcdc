#include "kafka/compression.h"

#include <fmt/core.h>
#include <isa-l/igzip_lib.h>
#include <lz4frame.h>
#include <lz4hc.h>
#include <zlib.h>
// For ZSTD_decompressBound: the only way to size the output of a frame that does not tell its size
// without a streaming decoder, whose window (up to 128 MiB) the sender would choose.
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "kafka/vector_state.h"
#include "kafka/xerial.h"

namespace millrace::kafka {
namespace {

constexpr std::array<std::string_view, kCodecCount> kNames = {"none", "gzip", "snappy", "lz4",
                                                              "zstd"};

std::unexpected<Error> corrupt(Codec codec, std::string_view why) {
  return fail(Errc::kCorruptMessage, fmt::format("{}: {}", codec_name(codec), why));
}
std::unexpected<Error> too_large(Codec codec, size_t bytes_max) {
  return fail(Errc::kMessageTooLarge,
              fmt::format("{}: the records decompress to more than {} bytes, the limit here",
                          codec_name(codec), bytes_max));
}

// Output of a size not known beforehand. One byte more than allowed is room enough to see that
// there is more.
class Output {
 public:
  Output(Buffer& into, size_t expected, size_t bytes_max) : into_(into), bytes_max_(bytes_max) {
    into_.clear();
    into_.resize(std::min(std::max(expected, kSmallest), bytes_max_ + 1));
  }

  uint8_t* at() { return into_.data() + used_; }
  size_t room() const { return into_.size() - used_; }
  void use(size_t bytes) { used_ += bytes; }
  bool full() const { return room() == 0; }
  bool over() const { return used_ > bytes_max_; }
  void grow() { into_.resize(std::min(into_.size() * 2, bytes_max_ + 1)); }
  void finish() { into_.resize(used_); }

 private:
  static constexpr size_t kSmallest = 4096;

  Buffer& into_;
  size_t bytes_max_;
  size_t used_ = 0;
};

// gzip. zlib compresses, because Kafka's levels are zlib's; ISA-L decompresses, nearly twice as
// fast.

struct DeflateContext {
  z_stream stream{};
  int level;

  explicit DeflateContext(int level_) : level(level_) {
    constexpr int kWindowBitsGzip = 15 + 16;
    constexpr int kMemoryLevel = 8;
    CHECK(deflateInit2(&stream, level, Z_DEFLATED, kWindowBitsGzip, kMemoryLevel,
                       Z_DEFAULT_STRATEGY) == Z_OK);
  }
  ~DeflateContext() { deflateEnd(&stream); }
  DeflateContext(const DeflateContext&) = delete;
  DeflateContext& operator=(const DeflateContext&) = delete;
};

void gzip_compress(DeflateContext& context, Bytes from, Buffer& to) {
  z_stream& stream = context.stream;
  CHECK(deflateReset(&stream) == Z_OK);
  const size_t start = to.size();
  const size_t bound = deflateBound(&stream, from.size());
  stream.next_in = const_cast<Bytef*>(from.data());
  stream.avail_in = static_cast<uInt>(from.size());
  stream.next_out = to.extend(bound);
  stream.avail_out = static_cast<uInt>(bound);
  CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END, "deflateBound is a bound");
  to.resize(start + bound - stream.avail_out);
}

std::string_view inflate_problem(int code) {
  switch (code) {
    case ISAL_INVALID_WRAPPER:
      return "a member does not begin with a gzip header";
    case ISAL_UNSUPPORTED_METHOD:
      return "a member is not deflated";
    case ISAL_INCORRECT_CHECKSUM:
      return "a member's checksum or size does not match";
    default:
      return "the deflated data is damaged";
  }
}

// The last member's trailer tells its size modulo 2^32; a claim deflate cannot reach is no hint.
size_t inflated_size_hint(Bytes from) {
  constexpr size_t kDensest = 1032;
  if (from.size() < 4) return 0;
  const uint8_t* trailer = from.data() + from.size() - 4;
  const size_t claim = trailer[0] | trailer[1] << 8 | trailer[2] << 16 | size_t{trailer[3]} << 24;
  constexpr size_t kSlack = 64;  // so that the end is seen without growing once more
  return std::min(claim, from.size() * kDensest) + kSlack;
}

Result<> gzip_decompress(inflate_state& state, Bytes from, Buffer& into, size_t bytes_max) {
  Output output(into, inflated_size_hint(from), bytes_max);
  isal_inflate_init(&state);
  state.crc_flag = ISAL_GZIP;
  state.next_in = const_cast<uint8_t*>(from.data());
  state.avail_in = static_cast<uint32_t>(from.size());
  while (true) {
    const size_t room = output.room();
    const size_t left = state.avail_in;
    state.next_out = output.at();
    state.avail_out = static_cast<uint32_t>(room);
    const int code = isal_inflate(&state);
    clean_vector_state();
    if (code != ISAL_DECOMP_OK) return corrupt(Codec::kGzip, inflate_problem(code));
    output.use(room - state.avail_out);
    if (output.over()) return too_large(Codec::kGzip, bytes_max);
    if (state.block_state == ISAL_BLOCK_FINISH) {
      if (state.avail_in == 0) break;
      isal_inflate_reset(&state);
      state.crc_flag = ISAL_GZIP;
    } else if (output.full()) {
      output.grow();
    } else if (state.avail_in == 0 || state.avail_in == left) {
      return corrupt(Codec::kGzip, "the data is cut off");
    }
  }
  output.finish();
  return {};
}

// lz4.

struct Lz4Free {
  void operator()(LZ4F_cctx* context) const { LZ4F_freeCompressionContext(context); }
  void operator()(LZ4F_dctx* context) const { LZ4F_freeDecompressionContext(context); }
};

std::unique_ptr<LZ4F_cctx, Lz4Free> make_lz4_compressor() {
  LZ4F_cctx* context = nullptr;
  CHECK(!LZ4F_isError(LZ4F_createCompressionContext(&context, LZ4F_VERSION)));
  return std::unique_ptr<LZ4F_cctx, Lz4Free>(context);
}
std::unique_ptr<LZ4F_dctx, Lz4Free> make_lz4_decompressor() {
  LZ4F_dctx* context = nullptr;
  CHECK(!LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)));
  return std::unique_ptr<LZ4F_dctx, Lz4Free>(context);
}

// Kafka's standard level, 9, stands for lz4's fast compressor; every other one, 1 and 2 included,
// for the high-compression one (KIP-780).
int lz4_library_level(int level) {
  if (level == compression_levels(Codec::kLz4).standard) return 0;
  return std::clamp(level, LZ4HC_CLEVEL_MIN, LZ4HC_CLEVEL_MAX);
}

void lz4_compress(LZ4F_cctx* context, int level, Bytes from, Buffer& to) {
  LZ4F_preferences_t preferences = LZ4F_INIT_PREFERENCES;
  preferences.frameInfo.blockSizeID = LZ4F_max64KB;
  preferences.frameInfo.blockMode = LZ4F_blockIndependent;
  preferences.compressionLevel = lz4_library_level(level);
  preferences.autoFlush = 1;

  const size_t start = to.size();
  const size_t bound = LZ4F_compressFrameBound(from.size(), &preferences);
  uint8_t* out = to.extend(bound);
  size_t used = 0;
  const auto add = [&](size_t written) {
    CHECK(!LZ4F_isError(written), "LZ4F_compressFrameBound is a bound");
    used += written;
  };
  add(LZ4F_compressBegin(context, out, bound, &preferences));
  if (!from.empty()) {
    add(LZ4F_compressUpdate(context, out + used, bound - used, from.data(), from.size(), nullptr));
  }
  add(LZ4F_compressEnd(context, out + used, bound - used, nullptr));
  to.resize(start + used);
}

Result<> lz4_decompress(LZ4F_dctx* context, Bytes from, Buffer& into, size_t bytes_max) {
  constexpr size_t kUsualRatio = 4;
  Output output(into, from.size() * kUsualRatio, bytes_max);
  LZ4F_resetDecompressionContext(context);
  bool frame_is_open = true;
  while (!from.empty() || frame_is_open) {
    size_t produced = output.room();
    size_t consumed = from.size();
    const size_t wanted =
        LZ4F_decompress(context, output.at(), &produced, from.data(), &consumed, nullptr);
    if (LZ4F_isError(wanted)) return corrupt(Codec::kLz4, LZ4F_getErrorName(wanted));
    output.use(produced);
    from = from.subspan(consumed);
    frame_is_open = wanted != 0;
    if (output.over()) return too_large(Codec::kLz4, bytes_max);
    if (output.full()) {
      output.grow();
    } else if (frame_is_open && consumed == 0 && produced == 0) {
      return corrupt(Codec::kLz4, "the data is cut off");
    }
  }
  output.finish();
  return {};
}

// zstd.

struct ZstdFree {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

void zstd_compress(ZSTD_CCtx* context, int level, Bytes from, Buffer& to) {
  const size_t start = to.size();
  const size_t bound = ZSTD_compressBound(from.size());
  uint8_t* out = to.extend(bound);
  const size_t written = ZSTD_compressCCtx(context, out, bound, from.data(), from.size(), level);
  CHECK(!ZSTD_isError(written), "ZSTD_compressBound is a bound");
  to.resize(start + written);
}

Result<> zstd_decompress(ZSTD_DCtx* context, Bytes from, Buffer& into, size_t bytes_max) {
  if (from.empty()) return corrupt(Codec::kZstd, "there is no frame");
  const unsigned long long bound = ZSTD_decompressBound(from.data(), from.size());
  if (bound == ZSTD_CONTENTSIZE_ERROR) {
    return corrupt(Codec::kZstd, "the data is cut off, damaged, or has something behind it");
  }
  into.clear();
  into.resize(std::min<unsigned long long>(bound, bytes_max));
  // In one piece: the output is the window.
  const size_t written =
      ZSTD_decompressDCtx(context, into.data(), into.size(), from.data(), from.size());
  if (ZSTD_isError(written)) {
    if (ZSTD_getErrorCode(written) == ZSTD_error_dstSize_tooSmall && bound > bytes_max) {
      return too_large(Codec::kZstd, bytes_max);
    }
    return corrupt(Codec::kZstd, ZSTD_getErrorName(written));
  }
  into.resize(written);
  return {};
}

std::unexpected<Error> unsupported(Codec codec) {
  return fail(Errc::kUnsupportedCompressionType,
              fmt::format("codec number {}", static_cast<int>(codec)));
}

template <class Context, class Make>
auto& lazily(Context& context, Make make) {
  if (!context) context = make();
  return *context;
}

}  // namespace

std::string_view codec_name(Codec codec) {
  const auto number = static_cast<size_t>(codec);
  return number < kNames.size() ? kNames[number] : "unknown";
}

std::optional<Codec> codec_of_name(std::string_view name) {
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Codec>(found - kNames.begin());
}

CompressionLevels compression_levels(Codec codec) {
  switch (codec) {
    case Codec::kGzip:
      return {.lowest = -1, .highest = 9, .standard = -1};
    case Codec::kLz4:
      return {.lowest = 1, .highest = 17, .standard = 9};
    case Codec::kZstd:
      return {.lowest = -131072, .highest = 22, .standard = 3};
    default:
      return {.lowest = 0, .highest = 0, .standard = 0};
  }
}

struct Compressor::Contexts {
  std::unique_ptr<DeflateContext> gzip;
  std::unique_ptr<LZ4F_cctx, Lz4Free> lz4;
  std::unique_ptr<ZSTD_CCtx, ZstdFree> zstd;
};

Compressor::Compressor() : contexts_(std::make_unique<Contexts>()) {}
Compressor::~Compressor() = default;
Compressor::Compressor(Compressor&&) noexcept = default;
Compressor& Compressor::operator=(Compressor&&) noexcept = default;

Result<> Compressor::compress(Codec codec, int level, Bytes from, Buffer& to) {
  const CompressionLevels levels = compression_levels(codec);
  if (level == kStandardLevel) level = levels.standard;
  if (level < levels.lowest || level > levels.highest) {
    return fail(Errc::kInvalidSetting,
                fmt::format("{} has levels {} to {}, not {}", codec_name(codec), levels.lowest,
                            levels.highest, level));
  }
  if (from.size() > kDecompressedBytesMax) {
    return fail(Errc::kMessageTooLarge, fmt::format("{} bytes of records", from.size()));
  }
  Contexts& contexts = *contexts_;
  switch (codec) {
    case Codec::kNone:
      to.append(from);
      return {};
    case Codec::kGzip:
      if (contexts.gzip && contexts.gzip->level != level) contexts.gzip.reset();
      gzip_compress(lazily(contexts.gzip, [&] { return std::make_unique<DeflateContext>(level); }),
                    from, to);
      return {};
    case Codec::kSnappy:
      xerial_compress(from, to);
      return {};
    case Codec::kLz4:
      lz4_compress(&lazily(contexts.lz4, make_lz4_compressor), level, from, to);
      return {};
    case Codec::kZstd:
      if (!contexts.zstd) contexts.zstd.reset(ZSTD_createCCtx());
      CHECK(contexts.zstd != nullptr);
      zstd_compress(contexts.zstd.get(), level, from, to);
      return {};
  }
  return unsupported(codec);
}

struct Decompressor::Contexts {
  std::unique_ptr<inflate_state> gzip;
  std::unique_ptr<LZ4F_dctx, Lz4Free> lz4;
  std::unique_ptr<ZSTD_DCtx, ZstdFree> zstd;
};

Decompressor::Decompressor() : contexts_(std::make_unique<Contexts>()) {}
Decompressor::~Decompressor() = default;
Decompressor::Decompressor(Decompressor&&) noexcept = default;
Decompressor& Decompressor::operator=(Decompressor&&) noexcept = default;

Result<> Decompressor::decompress(Codec codec, Bytes from, Buffer& into, size_t bytes_max) {
  bytes_max = std::min(bytes_max, kDecompressedBytesMax);
  if (from.size() > kDecompressedBytesMax) {
    return fail(Errc::kMessageTooLarge, fmt::format("{} bytes of compressed records", from.size()));
  }
  Contexts& contexts = *contexts_;
  into.clear();
  switch (codec) {
    case Codec::kNone:
      if (from.size() > bytes_max) return too_large(codec, bytes_max);
      into.append(from);
      return {};
    case Codec::kGzip:
      return gzip_decompress(lazily(contexts.gzip, std::make_unique<inflate_state>), from, into,
                             bytes_max);
    case Codec::kSnappy:
      return xerial_decompress(from, into, bytes_max);
    case Codec::kLz4: {
      Result<> done =
          lz4_decompress(&lazily(contexts.lz4, make_lz4_decompressor), from, into, bytes_max);
      // lz4's reset (1.9) keeps what an abandoned frame said to be still missing, and the next
      // frame, though whole, would be refused for it.
      if (!done) contexts.lz4.reset();
      return done;
    }
    case Codec::kZstd:
      if (!contexts.zstd) contexts.zstd.reset(ZSTD_createDCtx());
      CHECK(contexts.zstd != nullptr);
      return zstd_decompress(contexts.zstd.get(), from, into, bytes_max);
  }
  return unsupported(codec);
}

}  // namespace millrace::kafka
