// A file descriptor with an owner.
#pragma once

#include <string>
#include <utility>

namespace millrace::runtime::os {

class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor() { close(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  void close();

 private:
  int fd_ = -1;
};

/// An open file and what errors call it.
struct NamedDescriptor {
  FileDescriptor fd;
  std::string path;
};

}  // namespace millrace::runtime::os
