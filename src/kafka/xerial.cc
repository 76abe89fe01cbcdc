#include "kafka/xerial.h"

#include <fmt/core.h>
#include <snappy.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace millrace::kafka {
namespace {

constexpr std::array<uint8_t, 8> kMagic = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};
constexpr size_t kHeaderSize = 16;
constexpr uint32_t kVersion = 1;
constexpr size_t kBlockSize = 32 * 1024;

const char* chars(const uint8_t* bytes) {
  return reinterpret_cast<const char*>(bytes);
}
char* chars(uint8_t* bytes) {
  return reinterpret_cast<char*>(bytes);
}

bool has_magic(Bytes from) {
  return from.size() >= kMagic.size() && std::ranges::equal(from.first(kMagic.size()), kMagic);
}

Result<> decompress_block(Bytes block, Buffer& into, size_t bytes_max) {
  size_t size = 0;
  if (!snappy::GetUncompressedLength(chars(block.data()), block.size(), &size)) {
    return fail(Errc::kCorruptMessage, "snappy: a block does not tell its size");
  }
  if (size > bytes_max - into.size()) {
    return fail(Errc::kMessageTooLarge,
                fmt::format("snappy: the records decompress to more than {} bytes, the limit here",
                            bytes_max));
  }
  // The densest thing snappy has is a copy of 64 bytes in 3: do not reserve room for a mere claim.
  if (size / 32 > block.size()) {
    return fail(Errc::kCorruptMessage,
                fmt::format("snappy: a block of {} bytes claims to hold {}", block.size(), size));
  }
  if (!snappy::RawUncompress(chars(block.data()), block.size(), chars(into.extend(size)))) {
    return fail(Errc::kCorruptMessage, "snappy: a block is damaged");
  }
  return {};
}

// Returns what follows the header.
Result<Bytes> read_header(Bytes from) {
  if (from.size() < kHeaderSize || !has_magic(from)) {
    return fail(Errc::kCorruptMessage, "snappy: a stream header is cut off or damaged");
  }
  if (load_be<int32_t>(from.data() + 8) < static_cast<int32_t>(kVersion)) {
    return fail(Errc::kCorruptMessage, "snappy: a stream header has an impossible version");
  }
  return from.subspan(kHeaderSize);
}

}  // namespace

void xerial_compress(Bytes from, Buffer& to) {
  uint8_t* header = to.extend(kHeaderSize);
  std::ranges::copy(kMagic, header);
  store_be32(header + 8, kVersion);
  store_be32(header + 12, kVersion);
  while (!from.empty()) {
    const Bytes block = from.first(std::min(from.size(), kBlockSize));
    from = from.subspan(block.size());
    const size_t start = to.size();
    size_t size = 0;
    uint8_t* out = to.extend(4 + snappy::MaxCompressedLength(block.size()));
    snappy::RawCompress(chars(block.data()), block.size(), chars(out + 4), &size);
    store_be32(out, static_cast<uint32_t>(size));
    to.resize(start + 4 + size);
  }
}

Result<> xerial_decompress(Bytes from, Buffer& into, size_t bytes_max) {
  if (!has_magic(from)) return decompress_block(from, into, bytes_max);
  from = TRY(read_header(from));
  while (!from.empty()) {
    if (from.size() < 4) return fail(Errc::kCorruptMessage, "snappy: a block size is cut off");
    if (std::ranges::equal(from.first(4), Bytes(kMagic).first(4))) {
      from = TRY(read_header(from));
      continue;
    }
    const size_t size = load_be32(from.data());
    from = from.subspan(4);
    if (size > from.size()) {
      return fail(Errc::kCorruptMessage,
                  fmt::format("snappy: a block claims {} bytes, {} are left", size, from.size()));
    }
    TRY(decompress_block(from.first(size), into, bytes_max));
    from = from.subspan(size);
  }
  return {};
}

}  // namespace millrace::kafka
