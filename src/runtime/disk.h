// Disk: files and directories. One of the four doors to the world. What a call has done is in the
// page cache; what survives a crash is what was synced. Not a log and not a database.
//
//   survives a crash:  file content       after File::sync()
//                      a name (create, rename, remove)  after Disk::sync_directory() of its
//                      directory
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "runtime/block_buffer.h"
#include "runtime/task.h"

namespace millrace::runtime {

class File {
 public:
  virtual ~File() = default;

  /// Fills `into` from `position` on as far as the file reaches; returns how much that was.
  /// Errors: kIo.
  virtual Result<size_t> read_at(int64_t position, MutableBytes into) = 0;

  /// Writes all pieces, one after the other, from `position` on; the file grows as needed.
  /// Errors: kDiskFull, kIo; part of it may have been written.
  virtual Result<> write_at(int64_t position, std::span<const Bytes> pieces) = 0;

  /// The same without waiting for the disk: only what is in memory.
  /// Errors: also kWouldBlock when some of it is not.
  virtual Result<size_t> try_read_at(int64_t position, MutableBytes into) = 0;

  /// Whether all of [position, position + size), as far as the file reaches, is in memory, so that
  /// who reads it now will hardly wait for the disk. It may be gone a moment later.
  virtual bool is_resident(int64_t position, int64_t size) = 0;

  /// Reads the range into memory while the loop goes on; beyond the end there is nothing to do.
  /// Errors: kIo.
  virtual Task<> read_ahead(int64_t position, int64_t size) = 0;

  virtual Result<int64_t> size() = 0;
  /// Cuts or extends (with zeros).
  virtual Result<> truncate(int64_t size) = 0;

  /// Makes all content written before the call stable. The loop goes on meanwhile.
  /// Errors: kIo. After an error nothing is known about what was written since the last success;
  /// syncing again proves nothing (fsyncgate).
  virtual Task<> sync() = 0;
  /// The same, at once. For start and stop, when nothing else runs.
  virtual Result<> sync_now() = 0;

  /// Writes whole blocks from `position` on and makes them stable. The loop goes on meanwhile.
  /// Requires: opened with `direct`; `position` is a multiple of kBlockBytes, `blocks` is padded,
  /// and nobody changes it until the task has ended, or for good if the task is dropped.
  /// Errors: kDiskFull, kIo; nothing is known then about what is there.
  virtual Task<> write_stable(int64_t position, std::shared_ptr<const BlockBuffer> blocks) = 0;
  /// Sets aside space for `size` bytes. With `zeros` it is written too, so that later writes there
  /// change no file system metadata and are quicker; that takes as long as writing does. The loop
  /// goes on meanwhile. Errors: kDiskFull, kIo.
  virtual Task<> allocate(int64_t size, bool zeros) = 0;
  /// Of a file that was opened with `grows`: nothing is appended for now, and the next sync gives
  /// back the room that was taken ahead. Who appends nevertheless may.
  virtual void end_appending() {}
  /// Whether write_stable() goes past the page cache; where the file system cannot, it is a write
  /// and a sync.
  virtual bool is_direct() const { return false; }

  /// As it was opened; a rename leaves it behind. For messages.
  virtual const std::string& path() const = 0;
};

struct OpenOptions {
  bool create = false;     ///< create when missing, else kNotFound
  bool exclusive = false;  ///< with create: kAlreadyExists when it exists
  bool truncate = false;   ///< drop what is in it
  bool read_only = false;
  /// What is written goes on its way to the device soon and in small steps, so that a sync finds
  /// little left to do and does not hold up others. It promises nothing.
  bool write_behind = false;
  /// It is appended to: room behind its end may be taken ahead of that, until end_appending().
  bool grows = false;
  bool direct = false;  ///< for write_stable(), and for nothing else but allocate() and size()
};

struct DirectoryEntry {
  std::string name;
  bool is_directory = false;
};

struct FileInfo {
  int64_t size = 0;
  bool is_directory = false;
};

struct DiskSpace {
  int64_t total_bytes = 0;
  int64_t free_bytes = 0;
};

/// Held as long as it lives.
class DirectoryLock {
 public:
  virtual ~DirectoryLock() = default;
};

/// Paths use '/'. Errors everywhere: kIo with path and cause; kNotFound, kAlreadyExists, kDiskFull
/// where they apply; kOverloaded when out of descriptors, but never from a sync.
class Disk {
 public:
  virtual ~Disk() = default;

  /// Errors: also kIo for what is no regular file.
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenOptions options) = 0;
  /// Replaces `to` in one step when it is a file.
  virtual Result<> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<> remove(const std::string& path) = 0;            ///< a file
  virtual Result<> make_directory(const std::string& path) = 0;    ///< its parent exists
  virtual Result<> remove_directory(const std::string& path) = 0;  ///< an empty one
  /// Sorted by name.
  virtual Result<std::vector<DirectoryEntry>> list(const std::string& path) = 0;
  virtual Result<FileInfo> info(const std::string& path) = 0;
  /// Makes creations, renames and removals in this directory stable.
  virtual Result<> sync_directory(const std::string& path) = 0;
  // The same two while the loop goes on. Either may wait long for the device, and for what is in
  // memory of a large file. A task that is dropped leaves open whether it happens.
  virtual Task<> remove_aside(std::string path) = 0;
  virtual Task<> sync_directory_aside(std::string path) = 0;
  /// Cuts a file that is about to be removed to `size`, while the loop goes on. Errors: kLocked
  /// when others may want its content still, because they have it open or it has another name
  /// (a hard link, of a backup say); remove_aside() leaves it to them.
  virtual Task<> cut_unwanted_aside(std::string path, int64_t size) = 0;

  virtual Result<DiskSpace> space(const std::string& path) = 0;
  /// Errors: kLocked when another process (or node) holds it, with its pid where known.
  virtual Result<std::unique_ptr<DirectoryLock>> lock(const std::string& path) = 0;
  /// How many files may be open at once so that enough descriptors are left for sockets.
  virtual int64_t files_max() const = 0;
};

/// The whole file. Errors: kInvalidRequest when larger than `size_max`.
Result<std::string> read_file(Disk& disk, const std::string& path, size_t size_max);

/// Replaces a file so that after a crash either the old or the new content is there: temporary
/// file, sync, rename, sync of the directory.
Result<> write_file_atomically(Disk& disk, const std::string& path, std::string_view content);

/// Creates a directory and those above it that are missing, stably.
Result<> make_directories(Disk& disk, const std::string& path);

/// Removes a directory with all that is in it.
Result<> remove_tree(Disk& disk, const std::string& path);
/// The same while the loop goes on. Borrows `disk`.
Task<> remove_tree_aside(Disk* disk, std::string path);

/// "a/b" and "c" give "a/b/c".
std::string join_path(std::string_view directory, std::string_view name);
/// The directory part: "a/b" of "a/b/c"; "." when there is none.
std::string parent_path(std::string_view path);

}  // namespace millrace::runtime
