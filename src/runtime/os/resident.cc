#include "runtime/os/resident.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

namespace millrace::runtime::os {
namespace {

// Debian 12's headers know neither the call nor its structures. The number is the same everywhere.
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif
struct CacheRange {
  uint64_t offset;
  uint64_t size;
};
struct CacheCounts {
  uint64_t cached;
  uint64_t dirty;
  uint64_t writeback;
  uint64_t evicted;
  uint64_t recently_evicted;
};

constexpr int64_t kProbeStepBytes = 64 * 1024;

uint64_t pages_of(int64_t position, int64_t size) {
  static const int64_t page_bytes = ::sysconf(_SC_PAGESIZE);
  return static_cast<uint64_t>((position + size - 1) / page_bytes - position / page_bytes + 1);
}

// Whether the byte there can be read at once, or the file ends before it.
bool byte_has_arrived(int fd, int64_t position) {
  std::array<uint8_t, 1> byte;
  return read_resident(fd, position, byte) >= 0 || errno != EAGAIN;
}

// Nothing when the kernel is too old to say.
std::optional<uint64_t> cached_pages(int fd, int64_t position, int64_t size) {
  CacheRange range{static_cast<uint64_t>(position), static_cast<uint64_t>(size)};
  CacheCounts counts{};
  if (::syscall(SYS_cachestat, fd, &range, &counts, 0) != 0) return std::nullopt;
  return counts.cached;
}

}  // namespace

bool is_resident(int fd, int64_t position, int64_t size) {
  if (size <= 0) return true;
  const std::optional<uint64_t> cached = cached_pages(fd, position, size);
  if (cached && *cached < pages_of(position, size)) {
    // Some are missing, or the file ends before them.
    struct stat info{};
    if (::fstat(fd, &info) != 0 || info.st_size >= position + size) return false;
    size = info.st_size - position;
    if (size > 0 && *cached < pages_of(position, size)) return false;
  }
  const int64_t last = position + std::max<int64_t>(size, 1) - 1;
  for (int64_t at = position; !cached && at < last; at += kProbeStepBytes) {
    if (!byte_has_arrived(fd, at)) return false;
  }
  // Pages that are on their way from the disk are counted, too; the last one comes last.
  return byte_has_arrived(fd, last);
}

int64_t read_resident(int fd, int64_t position, MutableBytes into) {
  const iovec vector{into.data(), into.size()};
  while (true) {
    const ssize_t count = ::preadv2(fd, &vector, 1, position, RWF_NOWAIT);
    if (count >= 0 || (errno != EINTR && errno != EOPNOTSUPP)) return count;
    if (errno == EOPNOTSUPP) return ::pread(fd, into.data(), into.size(), position);
  }
}

}  // namespace millrace::runtime::os
