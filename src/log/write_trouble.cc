#include "log/write_trouble.h"

#include <string_view>

#include "base/logging.h"

namespace millrace::log {
namespace {

constexpr Duration kQuiet = seconds(60);

// Empty where it is no trouble of the disk's.
std::string_view advice_on(Errc code) {
  switch (code) {
    case Errc::kDiskFull:
      return "Free space on this disk, or lower retention.ms or retention.bytes; writing goes on "
             "by itself.";
    case Errc::kIo:
      return "Check the disk and its mount; writing goes on by itself once it works.";
    case Errc::kOverloaded:
      return "Raise the limit of open files of this process (ulimit -n, LimitNOFILE=).";
    default:
      return {};
  }
}

}  // namespace

void WriteTrouble::on_failure(const Error& error, MonoTime now) {
  const std::string_view advice = advice_on(error.code());
  if (advice.empty() || told_ || now < quiet_until_) return;
  told_ = true;
  quiet_until_ = now + kQuiet;
  LOG_ERROR("log",
            "cannot write to data directory {}: {}. Producers are refused and may try again. {}",
            directory_, error.message(), advice);
}

void WriteTrouble::tell_end() {
  told_ = false;
  LOG_INFO("log", "data directory {} can be written again", directory_);
}

}  // namespace millrace::log
