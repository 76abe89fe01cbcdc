// ReceiveBuffer: cuts a connection's bytes into frames, where they landed. Not for decoding: a
// frame here is a size and that many bytes.
//
//   slab   | frame | frame | half a fra|   what does not fit moves to a new slab with room for all
//            ^handed out     ^begin_   ^end_
//
// A busy connection reads into a slab of SlabPool::kSlabBytes; a frame that is larger gets a slab
// of its own size once it has filled that one, paid for from the budget of all connections; an idle
// one holds no slab at all.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "broker/memory_budget.h"
#include "broker/slab.h"
#include "runtime/task.h"

namespace millrace::broker {

/// One request's bytes, without the size in front.
struct Frame {
  SlabRef slab;
  Bytes bytes;
};

/// Memory for the frames of all connections that are larger than a slab. In two lanes: a few giants
/// that claim much and send little hold up other giants, not everybody's batches.
class ReceiveBudget {
 public:
  static constexpr int64_t kOrdinaryFrameBytesMax = 4 * 1024 * 1024;

  /// Units: bytes, for both lanes together.
  explicit ReceiveBudget(int64_t limit) : ordinary_(limit - limit / 2), giant_(limit / 2) {}

  runtime::Task<MemoryGrant> take(int64_t bytes) {
    return (bytes <= kOrdinaryFrameBytesMax ? ordinary_ : giant_).take(bytes);
  }
  int64_t held() const { return ordinary_.held() + giant_.held(); }

 private:
  MemoryBudget ordinary_;
  MemoryBudget giant_;
};

class ReceiveBuffer {
 public:
  /// Units: frame_bytes_max as socket.request.max.bytes. Borrows `pool` and `budget`.
  ReceiveBuffer(SlabPool& pool, ReceiveBudget& budget, int64_t frame_bytes_max)
      : pool_(pool), budget_(budget), frame_bytes_max_(frame_bytes_max) {}

  /// Where the next bytes belong; never empty. Waits while a large frame finds no memory.
  runtime::Task<MutableBytes> room();
  void received(size_t count) { end_ += count; }

  /// The next complete frame, if it is all here.
  /// Errors: kInvalidRequest for a size no request can have; nothing can be read after that.
  Result<std::optional<Frame>> next_frame();

  /// Whether a frame has begun that is not complete.
  bool in_frame() const { return end_ > begin_; }
  /// How many bytes the frame that has begun takes in all; 0 when none has or its size is not
  /// known.
  int64_t frame_bytes() const;

  /// Gives the slab back when it holds nothing unread.
  void rest();

 private:
  static constexpr size_t kSizeBytes = 4;

  Bytes pending() const;
  void move_to(SlabRef slab);

  SlabPool& pool_;
  ReceiveBudget& budget_;
  int64_t frame_bytes_max_;
  SlabRef slab_;
  size_t begin_ = 0;  // of what was received and not handed out
  size_t end_ = 0;
};

}  // namespace millrace::broker
