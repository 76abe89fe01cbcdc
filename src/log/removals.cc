#include "log/removals.h"

#include <algorithm>

#include "base/logging.h"

namespace millrace::log {
namespace {

constexpr Duration kAskAgain = seconds(1);
constexpr double kStepsPerSecond = 20;
constexpr int64_t kStepBytesMin = 512;
constexpr int64_t kScarcePart = 16;  // when no more than that part of the disk is free

int64_t step_of(double bytes_per_second) {
  const double step = std::min(bytes_per_second / kStepsPerSecond, double(int64_t{1} << 40));
  return std::max(kStepBytesMin, static_cast<int64_t>(step));
}

}  // namespace

Removals::Removals(runtime::Env& env, double bytes_per_second)
    : env_(env), step_bytes_(step_of(bytes_per_second)), pacer_(env.loop, bytes_per_second) {}

void Removals::add(std::string path, MonoTime when) {
  const bool is_earlier = when < next();
  due_.emplace(when, std::move(path));
  if (is_earlier) earlier_.wake_all();
}

runtime::Task<> Removals::run(std::function<runtime::Task<bool>()> may_go) {
  while (true) {
    if (next() > env_.loop.now()) {
      co_await earlier_.wait_until(next());
      continue;
    }
    const std::string path = std::move(due_.begin()->second);
    due_.erase(due_.begin());
    const Result<runtime::FileInfo> info = env_.disk.info(path);
    if (!info) continue;  // gone already
    const Result<> removed = co_await runtime::as_result(remove(path, *info, &may_go));
    // Its directory may have got another name meanwhile.
    if (removed || removed.error().code() == Errc::kNotFound) continue;
    if (removed.error().code() == Errc::kCancelled) co_return;
    LOG_WARNING("log", "cannot remove {}: {}; the next start tries again", path,
                removed.error().message());
  }
}

runtime::Task<> Removals::remove(std::string path, runtime::FileInfo info,
                                 const std::function<runtime::Task<bool>()>* may_go) {
  if (!info.is_directory) {
    co_await remove_file(path, info.size);
    co_return;
  }
  // The room of its files is given back even if it must stay; a lack of it may be why.
  for (const runtime::DirectoryEntry& entry : co_await env_.disk.list(path)) {
    const std::string inner = runtime::join_path(path, entry.name);
    const Result<runtime::FileInfo> file = env_.disk.info(inner);
    if (file && !file->is_directory) co_await remove_file(inner, file->size);
  }
  if (co_await (*may_go)()) {
    co_await remove_tree_aside(&env_.disk, path);
  } else {
    add(path, env_.loop.now() + kAskAgain);
  }
}

runtime::Task<> Removals::remove_file(std::string path, int64_t size) {
  if (size > step_bytes_) {
    Result<> cut = co_await as_result(cut_down(path, size));
    if (!cut && cut.error().code() == Errc::kCancelled) co_await std::move(cut);
    // Whatever else was in the way: it can go whole.
  }
  co_await env_.disk.remove_aside(path);
}

runtime::Task<> Removals::cut_down(std::string path, int64_t size) {
  while (size > step_bytes_ && !is_room_scarce(path)) {
    size -= step_bytes_;
    co_await env_.disk.cut_unwanted_aside(path, size);
    co_await pacer_.spent(step_bytes_);
  }
}

bool Removals::is_room_scarce(const std::string& path) const {
  const Result<runtime::DiskSpace> space = env_.disk.space(path);
  return !space || space->free_bytes <= space->total_bytes / kScarcePart;
}

void Removals::forget_within(const std::string& directory) {
  std::erase_if(due_, [&](const auto& item) {
    return item.second.size() > directory.size() && item.second.starts_with(directory) &&
           item.second[directory.size()] == '/';
  });
}

}  // namespace millrace::log
