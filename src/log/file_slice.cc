#include "log/file_slice.h"

#include <fmt/core.h>

namespace millrace::log {
namespace {

template <class Read>
Result<> append_slice(const FileSlice& slice, Buffer& into, Read read) {
  if (slice.empty()) return {};
  const size_t before = into.size();
  const auto wanted = static_cast<size_t>(slice.size);
  uint8_t* to = into.extend(wanted);
  const Result<size_t> got = read(MutableBytes(to, wanted));
  if (got && *got == wanted) return {};
  into.resize(before);
  if (!got) return std::unexpected(got.error());
  return fail(Errc::kIo, fmt::format("{}: {} bytes at {} where {} were written", slice.file->path(),
                                     *got, slice.position, slice.size));
}

}  // namespace

Result<> FileSlice::copy_to(Buffer& into) const {
  return append_slice(*this, into, [this](MutableBytes to) { return file->read_at(position, to); });
}

Result<> FileSlice::try_copy_to(Buffer& into) const {
  return append_slice(*this, into,
                      [this](MutableBytes to) { return file->try_read_at(position, to); });
}

}  // namespace millrace::log
