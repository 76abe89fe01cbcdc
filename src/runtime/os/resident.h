// The page cache from outside: whether a range of a file is in it, and reading without waiting for
// the disk. Not reading in what is missing: that is File::read_ahead().
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace millrace::runtime::os {

/// Whether all of [position, position + size), as far as the file reaches, is in the page cache and
/// has arrived there. True where the kernel cannot tell: then a reader finds out.
/// Bounds: two system calls, about a microsecond; before Linux 6.5, one for every 64 KiB.
/// Source: cachestat(2); RWF_NOWAIT in preadv2(2).
bool is_resident(int fd, int64_t position, int64_t size);

/// One read of what is in the page cache. Returns how many bytes that was, 0 at the end of the
/// file, or -1 with errno as preadv2(2) does: EAGAIN when the first of them is not there.
int64_t read_resident(int fd, int64_t position, MutableBytes into);

}  // namespace millrace::runtime::os
