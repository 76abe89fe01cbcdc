// Counts how often a process asks for memory, without being built into it: preloaded (LD_PRELOAD),
// it passes every call on to glibc and counts in a file that whoever measures reads meanwhile.
//
//   MILLRACE_BENCH_ALLOCATIONS   the file; two numbers of 64 bits in this machine's order: calls,
//                                and bytes asked for
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* memory, size_t size);
void* __libc_memalign(size_t alignment, size_t size);
}

namespace {

struct Counters {
  std::atomic<uint64_t> calls;
  std::atomic<uint64_t> bytes;
};

Counters before_the_file;
std::atomic<Counters*> counters = &before_the_file;

void count(size_t bytes) {
  Counters* into = counters.load(std::memory_order_relaxed);
  into->calls.fetch_add(1, std::memory_order_relaxed);
  into->bytes.fetch_add(bytes, std::memory_order_relaxed);
}

__attribute__((constructor)) void open_file() {
  const char* path = std::getenv("MILLRACE_BENCH_ALLOCATIONS");
  if (!path) return;
  const int fd = ::open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0 || ::ftruncate(fd, sizeof(Counters)) != 0) std::abort();
  void* memory = ::mmap(nullptr, sizeof(Counters), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) std::abort();
  ::close(fd);
  counters = static_cast<Counters*>(memory);
}

}  // namespace

extern "C" {

void* malloc(size_t size) {
  count(size);
  return __libc_malloc(size);
}

void* calloc(size_t number, size_t size) {
  count(number * size);
  return __libc_calloc(number, size);
}

void* realloc(void* memory, size_t size) {
  count(size);
  return __libc_realloc(memory, size);
}

void* memalign(size_t alignment, size_t size) {
  count(size);
  return __libc_memalign(alignment, size);
}

void* aligned_alloc(size_t alignment, size_t size) {
  return memalign(alignment, size);
}

int posix_memalign(void** into, size_t alignment, size_t size) {
  void* memory = memalign(alignment, size);
  if (!memory) return ENOMEM;
  *into = memory;
  return 0;
}

}  // extern "C"
