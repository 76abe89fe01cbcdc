// A write that the system cuts short goes on until everything is written.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "runtime/os/file_descriptor.h"

namespace millrace::runtime::os {

/// Blocks. Errors: kIo, kDiskFull with the path.
Result<> write_fully(const NamedDescriptor& file, int64_t position, Bytes bytes);

}  // namespace millrace::runtime::os
