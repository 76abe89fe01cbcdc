#include "log/removals.h"

#include "base/logging.h"

namespace millrace::log {
namespace {

constexpr Duration kAskAgain = seconds(1);

}  // namespace

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
    const Result<> removed = co_await runtime::as_result(remove(path, info->is_directory, &may_go));
    // Its directory may have got another name meanwhile.
    if (removed || removed.error().code() == Errc::kNotFound) continue;
    if (removed.error().code() == Errc::kCancelled) co_return;
    LOG_WARNING("log", "cannot remove {}: {}; the next start tries again", path,
                removed.error().message());
  }
}

runtime::Task<> Removals::remove(std::string path, bool is_directory,
                                 const std::function<runtime::Task<bool>()>* may_go) {
  if (!is_directory) {
    co_await env_.disk.remove_aside(path);
  } else if (co_await (*may_go)()) {
    co_await remove_tree_aside(&env_.disk, path);
  } else {
    // Its room is given back all the same; a lack of it may be what is in the way.
    for (const runtime::DirectoryEntry& entry : co_await env_.disk.list(path)) {
      co_await env_.disk.remove_aside(runtime::join_path(path, entry.name));
    }
    add(path, env_.loop.now() + kAskAgain);
  }
}

void Removals::forget_within(const std::string& directory) {
  std::erase_if(due_, [&](const auto& item) {
    return item.second.size() > directory.size() && item.second.starts_with(directory) &&
           item.second[directory.size()] == '/';
  });
}

}  // namespace millrace::log
