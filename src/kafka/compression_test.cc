#include "kafka/compression.h"

#include <fmt/core.h>
#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/testing.h"

namespace millrace::kafka {
namespace {

constexpr std::array kPacked = {Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd};

std::vector<uint8_t> from_hex(std::string_view hex) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

// Somewhat compressible, as records are.
std::string random_text(Random& random, size_t size) {
  static constexpr std::array<std::string_view, 8> kWords = {
      "{\"id\":", "\"wheel\",", "stream ", "2026-11-21", "0000", "}\n", "race", "q"};
  std::string text;
  while (text.size() < size) {
    if (random.chance(0.2)) {
      text += fmt::format("{}", random.next());
    } else {
      text += kWords[random.below(kWords.size())];
    }
  }
  text.resize(size);
  return text;
}

Buffer packed(Codec codec, std::string_view text, int level = kStandardLevel) {
  Compressor compressor;
  Buffer out;
  REQUIRE(compressor.compress(codec, level, as_bytes(text), out).has_value());
  return out;
}

// What a decompressor makes of `bytes`: the content, or "error: name".
std::string unpacked(Codec codec, Bytes bytes, size_t bytes_max = 64 << 20) {
  Decompressor decompressor;
  Buffer out;
  if (auto done = decompressor.decompress(codec, bytes, out, bytes_max); !done) {
    return fmt::format("error: {}", done.error().info().name);
  }
  return std::string(as_text(out));
}

Buffer joined(Bytes a, Bytes b) {
  Buffer both(a);
  both.append(b);
  return both;
}

constexpr std::string_view kSentence =
    "a millrace leads the stream; a millrace leads the stream to the wheel";
constexpr std::string_view kCorrupt = "error: kCorruptMessage";
constexpr std::string_view kTooLarge = "error: kMessageTooLarge";

TEST_CASE("what Apache Kafka's client compressed is read") {
  CHECK(unpacked(Codec::kGzip,
                 from_hex("1f8b08000000000000ff4b54c8cdccc9294a4c4e55c8494d4c295628c94855282e294a4"
                          "dccb55648c42da950920fe69567a4a6e60000969397be45000000")) == kSentence);
  CHECK(unpacked(Codec::kSnappy,
                 from_hex("82534e4150505900000000010000000100000030457061206d696c6c72616365206c656"
                          "16473207468652073747265616d3b206a1d003020746f2074686520776865656c")) ==
        kSentence);
  CHECK(unpacked(Codec::kLz4,
                 from_hex("04224d1860408230000000ff0e61206d696c6c72616365206c65616473207468652073"
                          "747265616d3b201d0008d020746f2074686520776865656c00000000")) ==
        kSentence);
  CHECK(unpacked(Codec::kZstd,
                 from_hex("28b52ffd00587c0100540261206d696c6c72616365206c65616473207468652073747265"
                          "616d3b2020746f776865656c02004e0923102a27010000")) == kSentence);
}

TEST_CASE("snappy is written in xerial framing and lz4 with the flags Java's reader insists on") {
  const Buffer snappy = packed(Codec::kSnappy, kSentence);
  CHECK(equal(snappy.bytes().first(16), from_hex("82534e41505059000000000100000001")));
  CHECK(load_be32(snappy.data() + 16) == snappy.size() - 20);

  // Version 1, independent blocks, no checksums, no content size; 64 KiB; header checksum.
  const Buffer lz4 = packed(Codec::kLz4, kSentence);
  CHECK(equal(lz4.bytes().first(7), from_hex("04224d18604082")));
  CHECK(load_be32(lz4.data() + lz4.size() - 4) == 0);
}

TEST_CASE("texts of every size come back through every codec, contexts reused") {
  constexpr uint64_t kSeed = 31;
  INFO("seed " << kSeed);
  Random random(kSeed);
  Compressor compressor;
  Decompressor decompressor;
  Buffer out;
  for (int round = 0; round < 60; ++round) {
    const std::string text = random_text(random, random.below(size_t{1} << random.below(19)));
    for (const Codec codec : kPacked) {
      CAPTURE(codec_name(codec));
      CAPTURE(text.size());
      Buffer small(as_bytes("prefix"));
      REQUIRE(compressor.compress(codec, kStandardLevel, as_bytes(text), small).has_value());
      REQUIRE(as_text(small).substr(0, 6) == "prefix");
      REQUIRE(
          decompressor.decompress(codec, small.bytes().subspan(6), out, text.size()).has_value());
      REQUIRE(as_text(out) == text);
    }
  }
}

TEST_CASE("levels are Kafka's: in range they are used, out of range they are refused") {
  Random random(32);
  const std::string text = random_text(random, 100'000);
  CHECK(packed(Codec::kGzip, text, 9).size() < packed(Codec::kGzip, text, 1).size());
  CHECK(packed(Codec::kZstd, text, 19).size() < packed(Codec::kZstd, text, -5).size());
  // lz4's standard, 9, is the fast compressor; even 1 means the thorough one.
  CHECK(packed(Codec::kLz4, text, 1).size() < packed(Codec::kLz4, text, 9).size());
  CHECK(packed(Codec::kLz4, text, 9).size() == packed(Codec::kLz4, text).size());
  for (const Codec codec : {Codec::kGzip, Codec::kLz4, Codec::kZstd}) {
    const CompressionLevels levels = compression_levels(codec);
    Compressor compressor;
    Buffer out;
    for (const int level : {levels.lowest - 1, levels.highest + 1}) {
      auto done = compressor.compress(codec, level, as_bytes(text), out);
      REQUIRE_FALSE(done.has_value());
      CHECK(done.error().code() == Errc::kInvalidSetting);
    }
    CHECK(out.empty());
    for (const int level : {levels.lowest, levels.standard, levels.highest}) {
      CHECK(unpacked(codec, packed(codec, text.substr(0, 5000), level)) == text.substr(0, 5000));
    }
  }
}

TEST_CASE("a snappy payload may be one raw block, or several streams in a row") {
  std::string raw;
  snappy::Compress(kSentence.data(), kSentence.size(), &raw);
  CHECK(unpacked(Codec::kSnappy, as_bytes(raw)) == kSentence);

  const Buffer one = packed(Codec::kSnappy, kSentence);
  CHECK(unpacked(Codec::kSnappy, joined(one, one)) ==
        std::string(kSentence) + std::string(kSentence));
}

TEST_CASE("gzip members, zstd frames and lz4 frames in a row are one content") {
  for (const Codec codec : {Codec::kGzip, Codec::kZstd, Codec::kLz4}) {
    CAPTURE(codec_name(codec));
    const Buffer both = joined(packed(codec, "mill"), packed(codec, "race"));
    CHECK(unpacked(codec, both) == "millrace");
    CHECK(unpacked(codec, joined(both, packed(codec, ""))) == "millrace");
  }
}

TEST_CASE("lz4 frames with any flags are read: linked blocks, sizes, checksums") {
  Random random(33);
  const std::string text = random_text(random, 300'000);
  for (int flags = 0; flags < 16; ++flags) {
    CAPTURE(flags);
    LZ4F_preferences_t preferences = LZ4F_INIT_PREFERENCES;
    preferences.frameInfo.blockMode = flags & 1 ? LZ4F_blockLinked : LZ4F_blockIndependent;
    preferences.frameInfo.contentChecksumFlag =
        flags & 2 ? LZ4F_contentChecksumEnabled : LZ4F_noContentChecksum;
    preferences.frameInfo.blockChecksumFlag =
        flags & 4 ? LZ4F_blockChecksumEnabled : LZ4F_noBlockChecksum;
    preferences.frameInfo.contentSize = flags & 8 ? text.size() : 0;
    preferences.frameInfo.blockSizeID = flags & 1 ? LZ4F_max64KB : LZ4F_max4MB;
    Buffer frame;
    frame.resize(LZ4F_compressFrameBound(text.size(), &preferences));
    frame.resize(
        LZ4F_compressFrame(frame.data(), frame.size(), text.data(), text.size(), &preferences));
    CHECK(unpacked(Codec::kLz4, frame) == text);
    CHECK(unpacked(Codec::kLz4, frame, text.size() - 1) == kTooLarge);
  }
}

TEST_CASE("an lz4 frame that tells its size and breaks off does no harm to the next frame") {
  const std::string text(100'000, 'm');
  LZ4F_preferences_t preferences = LZ4F_INIT_PREFERENCES;
  preferences.frameInfo.contentSize = text.size();
  Buffer frame;
  frame.resize(LZ4F_compressFrameBound(text.size(), &preferences));
  frame.resize(
      LZ4F_compressFrame(frame.data(), frame.size(), text.data(), text.size(), &preferences));

  Decompressor decompressor;
  Buffer out;
  const Bytes cut = frame.bytes().first(frame.size() / 2);
  CHECK(!decompressor.decompress(Codec::kLz4, cut, out, text.size()));
  CHECK(decompressor.decompress(Codec::kLz4, packed(Codec::kLz4, text), out, text.size()));
  CHECK(!decompressor.decompress(Codec::kLz4, frame, out, text.size() / 2));
  CHECK(decompressor.decompress(Codec::kLz4, packed(Codec::kLz4, text), out, text.size()));
}

TEST_CASE("a zstd stream without content size and with a huge window is read") {
  Random random(34);
  const std::string text = random_text(random, 300'000);
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 27);
  Buffer frame;
  frame.resize(ZSTD_compressBound(text.size()));
  ZSTD_outBuffer out{frame.data(), frame.size(), 0};
  for (size_t at = 0; at < text.size(); at += 1000) {
    ZSTD_inBuffer in{text.data() + at, 1000, 0};
    REQUIRE_FALSE(ZSTD_isError(ZSTD_compressStream2(context, &out, &in, ZSTD_e_flush)));
  }
  ZSTD_inBuffer nothing{nullptr, 0, 0};
  REQUIRE(ZSTD_compressStream2(context, &out, &nothing, ZSTD_e_end) == 0);
  ZSTD_freeCCtx(context);
  frame.resize(out.pos);
  REQUIRE(ZSTD_getFrameContentSize(frame.data(), frame.size()) == ZSTD_CONTENTSIZE_UNKNOWN);

  CHECK(unpacked(Codec::kZstd, frame) == text);
  CHECK(unpacked(Codec::kZstd, frame, text.size()) == text);
  CHECK(unpacked(Codec::kZstd, frame, text.size() - 1) == kTooLarge);
}

TEST_CASE("a bomb is refused at the limit, and its exact size is not") {
  constexpr size_t kBombBytes = 5'000'000;
  const std::string zeros(kBombBytes, '\0');
  for (const Codec codec : kPacked) {
    CAPTURE(codec_name(codec));
    const Buffer bomb = packed(codec, zeros);
    CHECK(bomb.size() < zeros.size() / 15);
    CHECK(unpacked(codec, bomb, zeros.size()) == zeros);
    CHECK(unpacked(codec, bomb, zeros.size() - 1) == kTooLarge);
    CHECK(unpacked(codec, bomb, 0) == kTooLarge);

    Decompressor decompressor;
    Buffer out;
    CHECK_FALSE(decompressor.decompress(codec, bomb, out, 100'000).has_value());
    CHECK(out.capacity() <= 300'000);
  }
}

TEST_CASE("claimed sizes reserve no memory") {
  Decompressor decompressor;
  Buffer out;
  // A raw snappy block of 4 GiB - 1 in 6 bytes, one of 2 MiB, and the same inside xerial framing.
  CHECK(unpacked(Codec::kSnappy, from_hex("ffffffff0f00")) == kTooLarge);
  CHECK_FALSE(
      decompressor
          .decompress(Codec::kSnappy, from_hex("80808001000000"), out, kDecompressedBytesMax)
          .has_value());
  CHECK(out.capacity() < 10'000);
  CHECK(unpacked(Codec::kSnappy,
                 from_hex("82534e4150505900000000010000000100000006ffffffff0f00")) == kTooLarge);
  CHECK(unpacked(Codec::kSnappy, from_hex("82534e415050590000000001000000017fffffff00")) ==
        kCorrupt);

  // A gzip trailer that says 4 GiB - 1.
  Buffer lying = packed(Codec::kGzip, kSentence);
  std::memset(lying.data() + lying.size() - 4, 0xff, 4);
  CHECK_FALSE(decompressor.decompress(Codec::kGzip, lying, out, kDecompressedBytesMax).has_value());
  CHECK(out.capacity() < 200'000);
}

TEST_CASE("data that is cut off anywhere, or has something behind it, is refused") {
  Random random(35);
  const std::string text = random_text(random, 3000);
  for (const Codec codec : kPacked) {
    CAPTURE(codec_name(codec));
    const Buffer whole = packed(codec, text);
    for (size_t size = 0; size < whole.size(); ++size) {
      CAPTURE(size);
      const std::string result = unpacked(codec, whole.bytes().first(size));
      // xerial has no end mark: it may stop between its blocks. The record count catches that.
      const bool at_block_end = codec == Codec::kSnappy && size == 16 && result.empty();
      REQUIRE((at_block_end || result == kCorrupt));
    }
    CHECK(unpacked(codec, joined(whole, as_bytes("x"))) == kCorrupt);
    CHECK(unpacked(codec, joined(whole, as_bytes("something longer"))) == kCorrupt);
  }
}

TEST_CASE("flipped bits never crash, hang or exceed the limit; checksums catch what there are") {
  constexpr uint64_t kSeed = 36;
  INFO("seed " << kSeed);
  Random random(kSeed);
  Decompressor decompressor;
  Buffer out;
  for (int round = 0; round < 3000; ++round) {
    const std::string text = random_text(random, random.below(5000));
    const Codec codec = kPacked[random.below(kPacked.size())];
    Buffer damaged = packed(codec, text);
    for (uint64_t flips = 1 + random.below(4); flips > 0; --flips) {
      damaged.data()[random.below(damaged.size())] ^= uint8_t{1} << random.below(8);
    }
    const auto done = decompressor.decompress(codec, damaged, out, 20'000);
    if (done) {
      REQUIRE(out.size() <= 20'000);
    } else {
      const Errc code = done.error().code();
      REQUIRE((code == Errc::kCorruptMessage || code == Errc::kMessageTooLarge));
      REQUIRE_FALSE(done.error().detail().empty());
    }
    // The same object goes on working.
    REQUIRE(decompressor.decompress(codec, packed(codec, text), out, 20'000).has_value());
    REQUIRE(as_text(out) == text);
  }
}

TEST_CASE("an unknown codec is refused by its number") {
  CHECK(unpacked(Codec{5}, as_bytes("x")) == "error: kUnsupportedCompressionType");
  Compressor compressor;
  Buffer out;
  CHECK(compressor.compress(Codec{7}, kStandardLevel, as_bytes("x"), out).error().code() ==
        Errc::kUnsupportedCompressionType);
  CHECK(codec_name(Codec{6}) == "unknown");
  CHECK(codec_of_name("zstd") == Codec::kZstd);
  CHECK(codec_of_name("unknown") == std::nullopt);
}

}  // namespace
}  // namespace millrace::kafka
