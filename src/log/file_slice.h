// FileSlice: a piece of a file that will be sent, borrowed: the file stays open, even if it is
// removed meanwhile, as long as the slice lives. Made so that sendfile can take it.
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "runtime/disk.h"

namespace millrace::log {

struct FileSlice {
  std::shared_ptr<runtime::File> file;
  int64_t position = 0;
  int64_t size = 0;  ///< Units: bytes

  bool empty() const { return size == 0; }
  /// Appends the bytes to `into`. Errors: kIo, also when the file is shorter than it was.
  Result<> copy_to(Buffer& into) const;
  /// The same without waiting for the disk. Errors: also kWouldBlock.
  Result<> try_copy_to(Buffer& into) const;
};

}  // namespace millrace::log
