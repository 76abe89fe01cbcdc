// Memory of coroutine frames: free lists by size, so that a task in steady state allocates nothing.
// Not for anything else.
#pragma once

#include <cstddef>

namespace millrace::runtime {

/// Runs: a frame is freed on the thread that allocated it (tasks never change loops).
void* allocate_frame(size_t size);
void free_frame(void* frame, size_t size);

}  // namespace millrace::runtime
