// The machine's file system.
#pragma once

#include "runtime/disk.h"
#include "runtime/os/descriptor_limit.h"
#include "runtime/os/file_descriptor.h"
#include "runtime/os/helper_threads.h"
#include "runtime/os/stable_writer.h"

namespace millrace::runtime::os {

/// Every file of a SystemDisk. Sockets send from its descriptor.
class OpenFile : public File {
 public:
  virtual int descriptor() const = 0;
};

class SystemDisk : public Disk {
 public:
  /// What blocks runs on `threads`; File::write_stable(), which somebody always waits for, on
  /// `stable_writer`, so that it never queues behind a slow sync.
  SystemDisk(HelperThreads& threads, StableWriter& stable_writer)
      : threads_(threads), stable_writer_(stable_writer), files_max_(descriptor_shares().files) {}

  Result<std::unique_ptr<File>> open(const std::string& path, OpenOptions options) override;
  Result<> rename(const std::string& from, const std::string& to) override;
  Result<> remove(const std::string& path) override;
  Result<> make_directory(const std::string& path) override;
  Result<> remove_directory(const std::string& path) override;
  Result<std::vector<DirectoryEntry>> list(const std::string& path) override;
  Result<FileInfo> info(const std::string& path) override;
  Result<> sync_directory(const std::string& path) override;
  Task<> remove_aside(std::string path) override;
  Task<> sync_directory_aside(std::string path) override;
  Task<> cut_unwanted_aside(std::string path, int64_t size) override;
  Result<DiskSpace> space(const std::string& path) override;
  Result<std::unique_ptr<DirectoryLock>> lock(const std::string& path) override;
  int64_t files_max() const override { return files_max_; }

 private:
  // Closes it, and so gives back the room of what has no name any more, while the loop goes on. A
  // file system may wait for the device in it, a second and longer when that is busy.
  void let_go(FileDescriptor held);

  HelperThreads& threads_;
  StableWriter& stable_writer_;
  int64_t files_max_;
};

}  // namespace millrace::runtime::os
