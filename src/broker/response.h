// Response: the bytes of one answer: what the message writer encoded, the record batches between,
// and the memory those lie in. Filled once by a handler, then sent by the connection.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "broker/memory_budget.h"
#include "kafka/wire.h"

namespace millrace::broker {

class Response {
 public:
  Response() = default;
  Response(const Response&) = delete;
  Response& operator=(const Response&) = delete;

  kafka::Writer& writer() { return writer_; }

  /// Keeps the memory that records written to this response lie in until they are sent.
  void keep(Buffer memory) { kept_.push_back(std::move(memory)); }
  /// Keeps a part of a budget until the response is sent.
  void keep(MemoryGrant grant) { grant_ = std::move(grant); }

  /// Nothing more is written from here on.
  void finish() { parts_ = writer_.parts(); }

  bool empty() const { return parts_.empty(); }
  /// What is still to be sent, in order.
  std::span<const Bytes> unsent() const { return std::span(parts_).subspan(next_part_); }
  size_t unsent_bytes() const;
  /// `count` bytes of unsent() have left. Requires: count <= unsent_bytes().
  void sent(size_t count);

 private:
  Buffer buffer_;
  kafka::Writer writer_{buffer_};
  std::vector<Buffer> kept_;
  MemoryGrant grant_;
  std::vector<Bytes> parts_;
  size_t next_part_ = 0;
};

}  // namespace millrace::broker
