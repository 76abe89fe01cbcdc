#include "broker/response.h"

#include <fmt/core.h>

#include "base/check.h"

namespace millrace::broker {

Error RecordsInFile::unsendable(const Error& why) const {
  return why.within(fmt::format("{} from offset {}, {} bytes at {} of {}", log->name().to_string(),
                                offset.value, slice.size, slice.position, slice.file->path()));
}

kafka::Records Response::from_file(RecordsInFile records) {
  const kafka::Records::Elsewhere where{.size = static_cast<size_t>(records.slice.size),
                                        .number = static_cast<uint32_t>(files_.size())};
  files_.push_back(std::move(records));
  return kafka::Records(where);
}

void Response::finish() {
  const Bytes all = writer_.buffer().bytes();
  size_t from = 0;
  parts_.reserve(2 * writer_.pieces().size() + 1);
  for (const kafka::Piece& piece : writer_.pieces()) {
    add({.bytes = all.subspan(from, piece.at - from)});
    from = piece.at;
    const bool in_file = piece.records.is_elsewhere();
    add({.bytes = piece.records.bytes,
         .file = in_file ? &files_[piece.records.elsewhere.number] : nullptr});
  }
  add({.bytes = all.subspan(from)});
}

void Response::reset() {
  if (buffer_.capacity() > kBytesKept) buffer_ = {};
  writer_.clear();
  kept_.clear();
  message_.reset();
  grant_ = {};
  files_.clear();
  parts_.clear();
  next_part_ = 0;
  unsent_bytes_ = 0;
}

void Response::add(ResponsePart part) {
  if (part.size() == 0) return;
  unsent_bytes_ += part.size();
  parts_.push_back(part);
}

void Response::sent(size_t count) {
  unsent_bytes_ -= count;
  while (count > 0) {
    CHECK(next_part_ < parts_.size());
    ResponsePart& part = parts_[next_part_];
    const size_t taken = std::min(count, part.size());
    if (part.file) {
      part.file->slice.position += static_cast<int64_t>(taken);
      part.file->slice.size -= static_cast<int64_t>(taken);
    } else {
      part.bytes = part.bytes.subspan(taken);
    }
    count -= taken;
    if (part.size() == 0) ++next_part_;
  }
}

}  // namespace millrace::broker
