// A write that the system cuts short goes on until everything is written.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "runtime/os/file_descriptor.h"

namespace millrace::runtime::os {

/// Blocks. Errors: kIo, kDiskFull with `path`.
Result<> write_fully(const FileDescriptor& fd, const std::string& path, int64_t position,
                     Bytes bytes);

}  // namespace millrace::runtime::os
