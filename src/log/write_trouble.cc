#include "log/write_trouble.h"

#include "base/logging.h"

namespace millrace::log {
namespace {

constexpr Duration kQuiet = seconds(60);

}  // namespace

void WriteTrouble::on_failure(const Error& error, MonoTime now) {
  const bool full = error.code() == Errc::kDiskFull;
  if (!full && error.code() != Errc::kIo) return;
  if (told_ || now < quiet_until_) return;
  told_ = true;
  quiet_until_ = now + kQuiet;
  LOG_ERROR(
      "log", "cannot write to data directory {}: {}. Producers are refused and may try again. {}",
      directory_, error.message(),
      full ? "Free space on this disk, or lower retention.ms or retention.bytes; writing goes "
             "on by itself."
           : "Check the disk and its mount; writing goes on by itself once it works.");
}

void WriteTrouble::tell_end() {
  told_ = false;
  LOG_INFO("log", "data directory {} can be written again", directory_);
}

}  // namespace millrace::log
