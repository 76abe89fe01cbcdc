// bench_load device-sync: what the device under --folder takes to make 4 KiB stable, in the two
// ways a log can: append and fdatasync, and a direct synchronous write over blocks that exist.
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <memory>

#include "bench/load/histogram.h"
#include "bench/load/json.h"
#include "bench/load/meter.h"
#include "bench/load/workloads.h"

namespace millrace::bench {
namespace {

constexpr size_t kBlock = 4096;
constexpr size_t kRing = 16 << 20;

struct Freed {
  void operator()(void* memory) const { std::free(memory); }
};

/// Ends the program when a write fails; `write` returns whether it went well.
template <class Write>
void measure(double seconds, Histogram& into, const Write& write) {
  const int64_t until = now_ns() + static_cast<int64_t>(seconds * 1e9);
  while (true) {
    const int64_t begin = now_ns();
    if (begin > until) return;
    if (!write()) give_up("the device refuses a write");
    into.record(now_ns() - begin);
  }
}

}  // namespace

int run_device_sync(const Arguments& arguments) {
  const std::string path = arguments.text("folder") + "/device-sync";
  const double seconds = arguments.real("seconds", 2) / 2;
  arguments.check_all_used();
  const std::unique_ptr<void, Freed> block(std::aligned_alloc(kBlock, kBlock));
  std::memset(block.get(), 'x', kBlock);

  Histogram append;
  const int fd = open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) give_up("cannot write in " + path);
  measure(seconds, append,
          [&] { return write(fd, block.get(), kBlock) == ssize_t{kBlock} && fdatasync(fd) == 0; });
  for (size_t at = 0; at < kRing; at += kBlock) {
    if (pwrite(fd, block.get(), kBlock, static_cast<off_t>(at)) < 0) give_up("the disk is full");
  }
  fsync(fd);
  ::close(fd);

  Json json;
  json.add("append", append);
  const int direct = open(path.c_str(), O_WRONLY | O_DIRECT | O_DSYNC | O_CLOEXEC);
  if (direct >= 0) {
    Histogram overwrite;
    size_t at = 0;
    measure(seconds, overwrite, [&] {
      at = (at + kBlock) % kRing;
      return pwrite(direct, block.get(), kBlock, static_cast<off_t>(at)) == ssize_t{kBlock};
    });
    json.add("direct", overwrite);
    ::close(direct);
  }
  unlink(path.c_str());
  json.print();
  return 0;
}

}  // namespace millrace::bench
