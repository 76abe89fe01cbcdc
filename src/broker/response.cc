#include "broker/response.h"

#include "base/check.h"

namespace millrace::broker {

size_t Response::unsent_bytes() const {
  size_t bytes = 0;
  for (const Bytes& part : unsent()) bytes += part.size();
  return bytes;
}

void Response::sent(size_t count) {
  while (count > 0) {
    CHECK(next_part_ < parts_.size());
    Bytes& part = parts_[next_part_];
    const size_t taken = std::min(count, part.size());
    part = part.subspan(taken);
    count -= taken;
    if (part.empty()) ++next_part_;
  }
}

}  // namespace millrace::broker
