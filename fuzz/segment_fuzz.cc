// A segment's file as a stranger left it: the scan that recovery does, and the walk that reads do.
// Both must end, account for every byte, and never go back in offsets.
#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "log/header_walk.h"
#include "log/segment_scan.h"
#include "runtime/disk.h"

namespace millrace::log {
namespace {

class MemoryFile final : public runtime::File {
 public:
  explicit MemoryFile(Bytes bytes) : bytes_(bytes) {}
  Result<size_t> read_at(int64_t position, MutableBytes into) override {
    if (position >= int64_t(bytes_.size())) return size_t{0};
    const size_t count = std::min(into.size(), bytes_.size() - size_t(position));
    std::memcpy(into.data(), bytes_.data() + position, count);
    return count;
  }
  Result<> write_at(int64_t, std::span<const Bytes>) override { return fail(Errc::kIo); }
  Result<int64_t> size() override { return int64_t(bytes_.size()); }
  Result<> truncate(int64_t) override { return fail(Errc::kIo); }
  runtime::Task<> sync() override { co_return; }
  Result<> sync_now() override { return {}; }

 private:
  Bytes bytes_;
};

void scan(Bytes bytes) {
  MemoryFile file(bytes);
  SegmentScan scan(file, 0, int64_t(bytes.size()), Offset(0));
  int64_t end = 0;
  Offset next(0);
  while (true) {
    const SegmentScan::Found found = *scan.next();
    CHECK(scan.position() == end);
    if (found == SegmentScan::Found::kEnd) break;
    CHECK(scan.next_position() > end);
    end = scan.next_position();
    if (found == SegmentScan::Found::kDamage) {
      CHECK(scan.damage().position == scan.position());
      CHECK(scan.damage().end_position() == end);
      continue;
    }
    CHECK(scan.header().base_offset() >= next);
    next = scan.header().next_offset();
    CHECK(scan.batch().has_value());
  }
  CHECK(end == int64_t(bytes.size()));
}

void walk(Bytes bytes) {
  MemoryFile file(bytes);
  HeaderWalk walk(file, 0, int64_t(bytes.size()));
  while (const auto header = walk.next()) {
    if (!*header) break;
  }
  CHECK(walk.position() <= int64_t(bytes.size()));
}

}  // namespace
}  // namespace millrace::log

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  millrace::log::scan({data, size});
  millrace::log::walk({data, size});
  return 0;
}
