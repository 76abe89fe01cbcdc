#include "runtime/os/stable_writer.h"

#include <liburing.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "runtime/os/full_write.h"
#include "runtime/os/system_error.h"
#include "runtime/wait.h"

namespace millrace::runtime::os {
namespace {

constexpr unsigned kWritesAtOnce = 8;

}  // namespace

// The kernel's two queues, and the writes that are in them.
class StableWriter::Ring : EventHandler {
 public:
  // Shared by the task that waits and the list of what the kernel works on.
  struct Write {
    std::shared_ptr<const NamedDescriptor> file;
    std::shared_ptr<const BlockBuffer> blocks;
    int result = 0;
    bool finished = false;
    WaitQueue done;
  };

  // nullptr where there is no io_uring, or not for us.
  static std::unique_ptr<Ring> create(Driver& driver) {
    auto ring = std::unique_ptr<Ring>(new Ring(driver));
    if (io_uring_queue_init(kWritesAtOnce, &ring->queues_, 0) != 0) return nullptr;
    ring->open_ = true;
    if (!driver.add(ring->queues_.ring_fd, *ring)) return nullptr;
    return ring;
  }

  ~Ring() override {
    if (!open_) return;
    driver_.remove(queues_.ring_fd, *this);
    while (!flying_.empty()) {
      io_uring_cqe* completion = nullptr;
      if (io_uring_wait_cqe(&queues_, &completion) == 0) take(completion);
    }
    io_uring_queue_exit(&queues_);
  }

  // nullptr when it has no room.
  std::shared_ptr<Write> submit(std::shared_ptr<const NamedDescriptor> file, int64_t position,
                                std::shared_ptr<const BlockBuffer> blocks) {
    io_uring_sqe* submission =
        flying_.size() < kWritesAtOnce ? io_uring_get_sqe(&queues_) : nullptr;
    if (!submission) return nullptr;
    const std::shared_ptr<Write> write = unused();
    write->finished = false;
    write->file = std::move(file);
    write->blocks = std::move(blocks);
    const Bytes bytes = write->blocks->bytes();
    io_uring_prep_write(submission, write->file->fd.get(), bytes.data(),
                        static_cast<unsigned>(bytes.size()), static_cast<uint64_t>(position));
    io_uring_sqe_set_data(submission, write.get());
    flying_.push_back(write);
    int taken = io_uring_submit(&queues_);
    while (taken == -EINTR) taken = io_uring_submit(&queues_);
    if (taken > 0) return write;
    // The kernel is short of memory. What stays in the queue must not write later.
    io_uring_prep_nop(submission);
    io_uring_sqe_set_data(submission, nullptr);
    flying_.pop_back();
    return nullptr;
  }

 private:
  explicit Ring(Driver& driver) : driver_(driver) {}

  // The last one again, if its task has done with it.
  std::shared_ptr<Write> unused() {
    return last_.use_count() == 1 ? std::move(last_) : std::make_shared<Write>();
  }

  void on_events(uint32_t /*epoll_events*/) override {
    io_uring_cqe* completion = nullptr;
    while (io_uring_peek_cqe(&queues_, &completion) == 0) take(completion);
  }

  void take(io_uring_cqe* completion) {
    const auto* finished = static_cast<Write*>(io_uring_cqe_get_data(completion));
    const int result = completion->res;
    io_uring_cqe_seen(&queues_, completion);
    const auto found = std::ranges::find(flying_, finished, &std::shared_ptr<Write>::get);
    if (found == flying_.end()) return;  // one that was taken back
    const std::shared_ptr<Write> write = std::move(*found);
    flying_.erase(found);
    write->result = result;
    write->finished = true;
    write->file.reset();
    write->blocks.reset();
    write->done.wake_all();
    last_ = write;
  }

  Driver& driver_;
  io_uring queues_{};
  bool open_ = false;
  std::vector<std::shared_ptr<Write>> flying_;
  std::shared_ptr<Write> last_;
};

StableWriter::StableWriter(Driver& driver, How how)
    : driver_(driver), ring_wanted_(how == How::kBest), thread_(driver, 1) {}

StableWriter::~StableWriter() = default;

StableWriter::Ring* StableWriter::ring() {
  if (std::exchange(ring_wanted_, false)) ring_ = Ring::create(driver_);
  return ring_.get();
}

Task<> StableWriter::write(std::shared_ptr<const NamedDescriptor> file, int64_t position,
                           std::shared_ptr<const BlockBuffer> blocks) {
  size_t written = 0;
  if (Ring* through = ring()) {
    if (const auto write = through->submit(file, position, blocks)) {
      while (!write->finished) co_await write->done.wait();
      const bool again = write->result == -EINTR || write->result == -EAGAIN;
      if (write->result < 0 && !again) {
        co_await fail(system_error(-write->result, "write", file->path));
      }
      written = write->result < 0 ? 0 : static_cast<size_t>(write->result);
    }
  }
  if (written == blocks->size()) co_return;
  // Cut short, or the ring has no room.
  co_await thread_.run([file = std::move(file), position, written, blocks = std::move(blocks)] {
    return write_fully(*file, position + static_cast<int64_t>(written),
                       blocks->bytes().subspan(written));
  });
}

}  // namespace millrace::runtime::os
