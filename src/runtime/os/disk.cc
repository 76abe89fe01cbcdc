#include "runtime/os/disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "runtime/os/full_write.h"
#include "runtime/os/resident.h"
#include "runtime/os/room_ahead.h"
#include "runtime/os/system_error.h"

namespace millrace::runtime::os {
namespace {

constexpr size_t kPiecesPerWrite = 64;
constexpr size_t kReadAheadStepBytes = 64 * 1024;
constexpr size_t kZerosPerWrite = 128 * 1024;  // as short as what waits behind it should be
// Half a millisecond of a device that writes a gigabyte a second: so long others wait behind it.
constexpr int64_t kWriteBehindBytes = 512 * 1024;

// The descriptor is shared with a sync that may still run on a helper thread when the File is gone.
using SharedDescriptor = std::shared_ptr<const NamedDescriptor>;

Result<> sync_descriptor(const NamedDescriptor& file) {
  if (::fdatasync(file.fd.get()) != 0) return fail(system_error(errno, "sync", file.path));
  return {};
}

// What goes back is stable with what is synced.
Result<> settle(const NamedDescriptor& file, RoomAhead* room) {
  if (room) room->give_back();
  return sync_descriptor(file);
}

int64_t size_of(std::span<const Bytes> pieces) {
  int64_t size = 0;
  for (const Bytes piece : pieces) size += static_cast<int64_t>(piece.size());
  return size;
}

Result<size_t> read_descriptor(const NamedDescriptor& file, int64_t position, MutableBytes into) {
  size_t done = 0;
  while (done < into.size()) {
    const ssize_t count = ::pread(file.fd.get(), into.data() + done, into.size() - done,
                                  position + static_cast<int64_t>(done));
    if (count == 0) break;
    if (count > 0) {
      done += static_cast<size_t>(count);
    } else if (errno != EINTR) {
      return fail(system_error(errno, "read", file.path));
    }
  }
  return done;
}

// Reading is the one way to know when the pages are there, and whether they could be read at all.
Result<> read_through(const NamedDescriptor& file, int64_t position, int64_t size) {
  ::posix_fadvise(file.fd.get(), position, size, POSIX_FADV_WILLNEED);
  const auto scratch = std::make_unique_for_overwrite<uint8_t[]>(kReadAheadStepBytes);
  const int64_t end = position + size;
  while (position < end) {
    const size_t step = std::min(kReadAheadStepBytes, static_cast<size_t>(end - position));
    const size_t got = TRY(read_descriptor(file, position, {scratch.get(), step}));
    if (got < step) break;
    position += static_cast<int64_t>(step);
  }
  return {};
}

Result<> write_zeros(const NamedDescriptor& file, int64_t size) {
  BlockBuffer zeros;
  std::memset(zeros.extend(kZerosPerWrite), 0, kZerosPerWrite);
  for (int64_t position = 0; position < size; position += int64_t{kZerosPerWrite}) {
    const auto count = std::min<int64_t>(kZerosPerWrite, size - position);
    TRY(write_fully(file, position, zeros.bytes().first(static_cast<size_t>(count))));
  }
  return sync_descriptor(file);
}

Result<> allocate_space(const NamedDescriptor& file, int64_t size, bool zeros) {
  // Where the file system cannot (EOPNOTSUPP), writing takes the space.
  const int failed = ::posix_fallocate(file.fd.get(), 0, size);
  if (failed != 0 && failed != EOPNOTSUPP && failed != EINVAL) {
    return fail(system_error(failed, "allocate", file.path));
  }
  return zeros ? write_zeros(file, size) : sync_descriptor(file);
}

// What a name stands for, so that it stays when it loses that name. Invalid when there is nothing.
FileDescriptor hold(const std::string& path) {
  return FileDescriptor(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
}

Result<> remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return fail(system_error(errno, "remove", path));
  return {};
}

// A lease for writing is given to who alone has a file open. It is given back at once: the file has
// a name under which nobody opens it any more. Source: fcntl(2), "Leases".
bool is_open_elsewhere(const FileDescriptor& fd) {
  // Who opens it in between makes the kernel send a signal, and SIGIO would end the process.
  if (::fcntl(fd.get(), F_SETSIG, SIGURG) != 0) return true;
  if (::fcntl(fd.get(), F_SETLEASE, F_WRLCK) != 0) return true;
  ::fcntl(fd.get(), F_SETLEASE, F_UNLCK);
  return false;
}

Result<> cut_unwanted(const std::string& path, int64_t size) {
  const FileDescriptor fd(::open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat facts{};
  if (!fd.valid() || ::fstat(fd.get(), &facts) != 0) return fail(system_error(errno, "open", path));
  if (facts.st_nlink > 1) return fail(Errc::kLocked, fmt::format("{} has another name", path));
  if (is_open_elsewhere(fd)) return fail(Errc::kLocked, fmt::format("{} is open", path));
  if (::ftruncate(fd.get(), size) != 0) return fail(system_error(errno, "truncate", path));
  return {};
}

Result<> sync_names(const std::string& directory) {
  const FileDescriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return fail(system_error(errno, "open", directory));
  if (::fsync(fd.get()) == 0) return {};
  // Whatever the cause: this must not pass for something that may be tried again.
  return fail(Errc::kIo, fmt::format("sync {}: {}", directory, std::strerror(errno)));
}

class SystemFile : public OpenFile {
 public:
  /// `options.direct`: the file is open so.
  SystemFile(NamedDescriptor file, const OpenOptions& options, HelperThreads& threads,
             StableWriter& stable_writer)
      : file_(std::make_shared<const NamedDescriptor>(std::move(file))),
        room_(options.grows ? std::make_shared<RoomAhead>(file_, threads) : nullptr),
        direct_(options.direct),
        write_behind_(options.write_behind),
        threads_(threads),
        stable_writer_(stable_writer) {}

  // Who is the last to close a file without a name waits until the file system has taken back all
  // of it: not the loop (see SystemDisk::let_go).
  ~SystemFile() override {
    if (is_nameless()) threads_.start([file = std::move(file_)] { return Result<>{}; });
  }

  Result<size_t> read_at(int64_t position, MutableBytes into) override {
    return read_descriptor(*file_, position, into);
  }

  Result<size_t> try_read_at(int64_t position, MutableBytes into) override {
    size_t done = 0;
    while (done < into.size()) {
      const int64_t count =
          read_resident(file_->fd.get(), position + static_cast<int64_t>(done), into.subspan(done));
      if (count == 0) break;
      if (count < 0 && errno == EAGAIN) return fail(Errc::kWouldBlock);
      if (count < 0) return fail(system_error(errno, "read", file_->path));
      done += static_cast<size_t>(count);
    }
    return done;
  }

  bool is_resident(int64_t position, int64_t size) override {
    return os::is_resident(file_->fd.get(), position, size);
  }

  Task<> read_ahead(int64_t position, int64_t size) override {
    return threads_.run(
        [file = file_, position, size] { return read_through(*file, position, size); });
  }

  Result<> write_at(int64_t position, std::span<const Bytes> pieces) override {
    const int64_t from = position;
    if (room_) room_->before_write(position + size_of(pieces));
    size_t skip = 0;  // of the first piece
    while (!pieces.empty()) {
      std::array<iovec, kPiecesPerWrite> vectors;
      const size_t count = std::min(pieces.size(), vectors.size());
      for (size_t i = 0; i < count; ++i) {
        const Bytes piece = i == 0 ? pieces[0].subspan(skip) : pieces[i];
        vectors[i] = {const_cast<uint8_t*>(piece.data()), piece.size()};
      }
      const ssize_t written =
          ::pwritev(file_->fd.get(), vectors.data(), static_cast<int>(count), position);
      if (written < 0) {
        if (errno == EINTR) continue;
        return fail(system_error(errno, "write", file_->path));
      }
      position += written;
      size_t left = static_cast<size_t>(written);
      while (!pieces.empty() && left >= pieces[0].size() - skip) {
        left -= pieces[0].size() - skip;
        skip = 0;
        pieces = pieces.subspan(1);
      }
      skip += left;
    }
    if (write_behind_) begin_writing(from, position);
    return {};
  }

  Result<int64_t> size() override {
    struct stat info{};
    if (::fstat(file_->fd.get(), &info) != 0) return fail(system_error(errno, "stat", file_->path));
    return info.st_size;
  }

  Result<> truncate(int64_t size) override {
    if (room_) room_->before_truncate(size);
    if (::ftruncate(file_->fd.get(), size) != 0)
      return fail(system_error(errno, "truncate", file_->path));
    return {};
  }

  Task<> sync() override {
    begun_to_ = written_to_;
    return threads_.run([file = file_, room = room_] { return settle(*file, room.get()); });
  }

  Result<> sync_now() override { return settle(*file_, room_.get()); }

  Task<> write_stable(int64_t position, std::shared_ptr<const BlockBuffer> blocks) override {
    if (direct_) return stable_writer_.write(file_, position, std::move(blocks));
    return stable_writer_.run([file = file_, position, blocks]() -> Result<> {
      TRY(write_fully(*file, position, blocks->bytes()));
      return sync_descriptor(*file);
    });
  }

  Task<> allocate(int64_t size, bool zeros) override {
    return threads_.run([file = file_, size, zeros] { return allocate_space(*file, size, zeros); });
  }

  void end_appending() override {
    if (room_) room_->end_appending();
  }

  bool is_direct() const override { return direct_; }

  const std::string& path() const override { return file_->path; }
  int descriptor() const override { return file_->fd.get(); }

 private:
  bool is_nameless() const {
    struct stat info{};
    return ::fstat(file_->fd.get(), &info) == 0 && info.st_nlink == 0;
  }

  // What is large is synced by itself, soon. Errors are told by the next sync.
  void begin_writing(int64_t from, int64_t end) {
    if (begun_to_ < 0 || from < begun_to_) begun_to_ = from;          // the first one, or a cut
    written_to_ = end / int64_t{kBlockBytes} * int64_t{kBlockBytes};  // the last page still fills
    if (end - from >= kWriteBehindBytes / 4) begun_to_ = written_to_;
    if (written_to_ - begun_to_ < kWriteBehindBytes) return;
    threads_.start([file = file_, from = begun_to_, size = written_to_ - begun_to_]() -> Result<> {
      ::sync_file_range(file->fd.get(), from, size, SYNC_FILE_RANGE_WRITE);
      return {};
    });
    begun_to_ = written_to_;
  }

  SharedDescriptor file_;
  std::shared_ptr<RoomAhead> room_;  // null when the file does not grow
  bool direct_;                      // and every write is stable
  bool write_behind_;
  int64_t written_to_ = 0;  // in whole pages
  int64_t begun_to_ = -1;   // what is below is on its way to the device, or there
  HelperThreads& threads_;
  StableWriter& stable_writer_;
};

class SystemDirectoryLock : public DirectoryLock {
 public:
  explicit SystemDirectoryLock(FileDescriptor fd) : fd_(std::move(fd)) {}

 private:
  FileDescriptor fd_;
};

// Without O_NONBLOCK who opens a FIFO waits until somebody else does.
int open_flags(const OpenOptions& options) {
  int flags = O_CLOEXEC | O_NONBLOCK | (options.read_only ? O_RDONLY : O_RDWR);
  if (options.create) flags |= O_CREAT;
  if (options.create && options.exclusive) flags |= O_EXCL;
  if (options.truncate) flags |= O_TRUNC;
  return flags;
}

Result<> check_regular(const NamedDescriptor& file) {
  struct stat facts{};
  if (::fstat(file.fd.get(), &facts) != 0) return fail(system_error(errno, "open", file.path));
  if (S_ISREG(facts.st_mode)) return {};
  const std::string_view what = S_ISDIR(facts.st_mode) ? "a directory" : "no regular file";
  return fail(Errc::kIo, fmt::format("open {}: it is {}", file.path, what));
}

}  // namespace

Result<std::unique_ptr<File>> SystemDisk::open(const std::string& path, OpenOptions options) {
  const int flags = open_flags(options);
  FileDescriptor fd(
      ::open(path.c_str(), options.direct ? flags | O_DIRECT | O_DSYNC : flags, 0644));
  if (!fd.valid() && options.direct && errno == EINVAL) {
    options.direct = false;  // the file system cannot
    fd = FileDescriptor(::open(path.c_str(), flags, 0644));
  }
  if (!fd.valid()) return fail(system_error(errno, "open", path));
  NamedDescriptor file{std::move(fd), path};
  TRY(check_regular(file));
  return std::make_unique<SystemFile>(std::move(file), options, threads_, stable_writer_);
}

void SystemDisk::let_go(FileDescriptor held) {
  if (held.valid()) threads_.start([held = std::move(held)] { return Result<>{}; });
}

Result<> SystemDisk::rename(const std::string& from, const std::string& to) {
  FileDescriptor replaced = hold(to);
  if (::rename(from.c_str(), to.c_str()) != 0) {
    return fail(system_error(errno, "rename", fmt::format("{} to {}", from, to)));
  }
  let_go(std::move(replaced));
  return {};
}

Result<> SystemDisk::remove(const std::string& path) {
  FileDescriptor removed = hold(path);
  TRY(remove_file(path));
  let_go(std::move(removed));
  return {};
}

Task<> SystemDisk::remove_aside(std::string path) {
  return threads_.run([path = std::move(path)] { return remove_file(path); });
}

Task<> SystemDisk::cut_unwanted_aside(std::string path, int64_t size) {
  return threads_.run([path = std::move(path), size] { return cut_unwanted(path, size); });
}

Result<> SystemDisk::make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) != 0) return fail(system_error(errno, "create", path));
  return {};
}

Result<> SystemDisk::remove_directory(const std::string& path) {
  FileDescriptor removed = hold(path);
  if (::rmdir(path.c_str()) != 0) return fail(system_error(errno, "remove", path));
  let_go(std::move(removed));
  return {};
}

Result<std::vector<DirectoryEntry>> SystemDisk::list(const std::string& path) {
  const std::unique_ptr<DIR, decltype([](DIR* d) { ::closedir(d); })> directory(
      ::opendir(path.c_str()));
  if (!directory) return fail(system_error(errno, "list", path));
  std::vector<DirectoryEntry> entries;
  errno = 0;
  while (const dirent* entry = ::readdir(directory.get())) {
    std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    bool is_directory = entry->d_type == DT_DIR;
    if (entry->d_type == DT_UNKNOWN || entry->d_type == DT_LNK) {
      const Result<FileInfo> found = info(join_path(path, name));
      is_directory = found && found->is_directory;
    }
    entries.push_back({std::move(name), is_directory});
    errno = 0;
  }
  if (errno != 0) return fail(system_error(errno, "list", path));
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return entries;
}

Result<FileInfo> SystemDisk::info(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return fail(system_error(errno, "stat", path));
  return FileInfo{.size = found.st_size, .is_directory = S_ISDIR(found.st_mode)};
}

Result<> SystemDisk::sync_directory(const std::string& path) {
  return sync_names(path);
}

Task<> SystemDisk::sync_directory_aside(std::string path) {
  return threads_.run([path = std::move(path)] { return sync_names(path); });
}

Result<DiskSpace> SystemDisk::space(const std::string& path) {
  struct statvfs found{};
  if (::statvfs(path.c_str(), &found) != 0) return fail(system_error(errno, "stat", path));
  const auto unit = static_cast<int64_t>(found.f_frsize);
  return DiskSpace{.total_bytes = static_cast<int64_t>(found.f_blocks) * unit,
                   .free_bytes = static_cast<int64_t>(found.f_bavail) * unit};
}

Result<std::unique_ptr<DirectoryLock>> SystemDisk::lock(const std::string& path) {
  FileDescriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd.valid()) return fail(system_error(errno, "open", path));
  // What Java's FileChannel.lock takes: a POSIX record lock, so that Kafka and we exclude each
  // other.
  struct flock whole{};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (::fcntl(fd.get(), F_SETLK, &whole) == 0) {
    // A record lock does not exclude a second one of our own process; flock does.
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) {
      return std::make_unique<SystemDirectoryLock>(std::move(fd));
    }
    return fail(Errc::kLocked, fmt::format("{} is held by this process", path));
  }
  if (errno != EACCES && errno != EAGAIN) return fail(system_error(errno, "lock", path));
  ::fcntl(fd.get(), F_GETLK, &whole);
  return fail(Errc::kLocked, fmt::format("{} is held by process {}", path, whole.l_pid));
}

}  // namespace millrace::runtime::os
