#include "log/file_slice.h"

#include <fmt/core.h>

namespace millrace::log {

Result<> FileSlice::copy_to(Buffer& into) const {
  if (empty()) return {};
  const size_t before = into.size();
  const auto wanted = static_cast<size_t>(size);
  uint8_t* to = into.extend(wanted);
  const Result<size_t> got = file->read_at(position, {to, wanted});
  if (got && *got == wanted) return {};
  into.resize(before);
  if (!got) return std::unexpected(got.error());
  return fail(Errc::kIo, fmt::format("{} bytes at {} where {} were written", *got, position, size));
}

}  // namespace millrace::log
