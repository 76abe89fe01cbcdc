#include "runtime/os/room_ahead.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
namespace millrace::runtime::os {
namespace {

// Most files stay small, and of what many idle ones hold in reserve nobody has anything: a quarter
// of what is there, at most.
constexpr int64_t kFileBytesMin = 4 << 20;
constexpr int64_t kStepBytesMax = 16 << 20;
constexpr int64_t kShareOfFile = 4;
// Where a disk gets full the room is for who writes, not for who may.
constexpr uint64_t kShareOfDisk = 64;

int64_t step_for(int64_t file_bytes) {
  return std::min(kStepBytesMax, file_bytes / kShareOfFile);
}

bool is_plenty(int fd, int64_t size) {
  struct statvfs found{};
  if (::fstatvfs(fd, &found) != 0) return false;
  return uint64_t(size) < uint64_t{found.f_bavail} * found.f_frsize / kShareOfDisk;
}

}  // namespace

void RoomAhead::before_write(int64_t end) {
  begin_appending();
  const int64_t step = step_for(end);
  if (end < kFileBytesMin || end + step / 2 < end_) return;
  const int64_t from = std::max(end, end_);
  end_ = end + step;
  threads_.start([room = shared_from_this(), from, size = end_ - from]() -> Result<> {
    room->take(from, size);
    return {};
  });
}

void RoomAhead::before_truncate(int64_t size) {
  begin_appending();
  end_ = std::min(end_, size);
}

void RoomAhead::end_appending() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
}

// Whoever gives room back cuts the file where it ends, and must be done before it ends elsewhere.
void RoomAhead::begin_appending() {
  if (!ended_) return;
  const std::lock_guard lock(mutex_);
  ended_ = false;
  end_ = 0;
}

void RoomAhead::take(int64_t from, int64_t size) {
  const std::lock_guard lock(mutex_);
  if (ended_ || !is_plenty(file_->fd.get(), size)) return;
  // Where the file system cannot, or has not enough, the next write says what there is to say.
  (void)::fallocate(file_->fd.get(), FALLOC_FL_KEEP_SIZE, from, size);
}

void RoomAhead::give_back() {
  const std::lock_guard lock(mutex_);
  struct stat found{};
  if (!ended_ || ::fstat(file_->fd.get(), &found) != 0) return;
  // Cutting a file to the size that it has frees what is behind: ext4, XFS and tmpfs do.
  (void)::ftruncate(file_->fd.get(), found.st_size);
}

}  // namespace millrace::runtime::os
