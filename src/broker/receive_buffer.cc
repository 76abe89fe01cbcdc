#include "broker/receive_buffer.h"

#include <fmt/core.h>

namespace millrace::broker {
namespace {

// What people most often send to the wrong port, recognised by what would be the frame's size.
std::string_view guess_protocol(uint32_t size) {
  if (size >> 16 == 0x1603) return "; this looks like TLS, and the listener speaks plaintext";
  switch (size) {
    case 0x47455420:  // "GET "
    case 0x48454144:  // "HEAD"
    case 0x504f5354:  // "POST"
    case 0x50555420:  // "PUT "
      return "; this looks like HTTP, and the listener speaks Kafka's protocol";
    default:
      return "";
  }
}

}  // namespace

Bytes ReceiveBuffer::pending() const {
  return slab_ ? Bytes(slab_.bytes().subspan(begin_, end_ - begin_)) : Bytes();
}

int64_t ReceiveBuffer::frame_bytes() const {
  const Bytes bytes = pending();
  if (bytes.size() < kSizeBytes) return 0;
  return static_cast<int64_t>(kSizeBytes) + load_be<int32_t>(bytes.data());
}

runtime::Task<MutableBytes> ReceiveBuffer::room() {
  const auto wanted = std::max(static_cast<size_t>(frame_bytes()), kSizeBytes);
  if (!slab_) {
    slab_ = pool_.take();
  } else if (begin_ == end_ && slab_.only_reference() && slab_.bytes().size() >= wanted) {
    begin_ = end_ = 0;
  }
  if (begin_ + wanted > slab_.bytes().size()) {
    if (wanted <= SlabPool::kSlabBytes) {
      move_to(pool_.take());
    } else if (end_ == slab_.bytes().size()) {  // what it claims to send has begun to come
      MemoryGrant grant = co_await budget_.take(static_cast<int64_t>(wanted));
      move_to(pool_.take(wanted, std::move(grant)));
    }
  }
  co_return slab_.bytes().subspan(end_);
}

void ReceiveBuffer::move_to(SlabRef slab) {
  const Bytes kept = pending();
  if (!kept.empty()) std::memcpy(slab.bytes().data(), kept.data(), kept.size());
  slab_ = std::move(slab);
  begin_ = 0;
  end_ = kept.size();
}

Result<std::optional<Frame>> ReceiveBuffer::next_frame() {
  const Bytes bytes = pending();
  if (bytes.size() < kSizeBytes) return std::nullopt;
  const auto size = load_be<int32_t>(bytes.data());
  if (size < 0 || size > frame_bytes_max_) {
    return fail(Errc::kInvalidRequest,
                fmt::format("a frame of {} bytes, and 0 to {} are allowed "
                            "(socket.request.max.bytes){}",
                            size, frame_bytes_max_, guess_protocol(load_be32(bytes.data()))));
  }
  const auto frame_size = static_cast<size_t>(size);
  if (bytes.size() < kSizeBytes + frame_size) return std::nullopt;
  begin_ += kSizeBytes + frame_size;
  Frame frame{slab_, bytes.subspan(kSizeBytes, frame_size)};
  // A slab of a frame's own is never read into again: it goes with its request.
  if (slab_.bytes().size() != SlabPool::kSlabBytes) slab_ = {}, begin_ = end_ = 0;
  return frame;
}

void ReceiveBuffer::rest() {
  if (in_frame()) return;
  slab_ = {};
  begin_ = end_ = 0;
}

}  // namespace millrace::broker
