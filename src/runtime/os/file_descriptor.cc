#include "runtime/os/file_descriptor.h"

#include <unistd.h>

namespace millrace::runtime::os {

void FileDescriptor::close() {
  // The descriptor is gone whatever close() answers; trying again could close somebody else's.
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

}  // namespace millrace::runtime::os
