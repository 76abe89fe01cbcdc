#include "runtime/os/full_write.h"

#include <unistd.h>

#include <cerrno>

#include "runtime/os/system_error.h"

namespace millrace::runtime::os {

Result<> write_fully(const NamedDescriptor& file, int64_t position, Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file.fd.get(), bytes.data(), bytes.size(), position);
    if (written < 0) {
      if (errno == EINTR) continue;
      return fail(system_error(errno, "write", file.path));
    }
    position += written;
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return {};
}

}  // namespace millrace::runtime::os
