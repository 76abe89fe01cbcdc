#include "log/removals.h"

#include "base/logging.h"

namespace millrace::log {

void Removals::add(std::string path, MonoTime when) {
  const bool is_earlier = when < next();
  due_.emplace(when, std::move(path));
  if (is_earlier) earlier_.wake_all();
}

void Removals::remove_due(MonoTime now, size_t count_max) {
  while (!due_.empty() && due_.begin()->first <= now && count_max-- > 0) {
    const std::string path = std::move(due_.begin()->second);
    due_.erase(due_.begin());
    const Result<runtime::FileInfo> info = disk_.info(path);
    if (!info) continue;  // gone already
    const Result<> removed =
        info->is_directory ? runtime::remove_tree(disk_, path) : disk_.remove(path);
    if (!removed) {
      LOG_WARNING("log", "cannot remove {}: {}; the next start tries again", path,
                  removed.error().message());
    }
  }
}

void Removals::forget_within(const std::string& directory) {
  std::erase_if(due_, [&](const auto& item) {
    return item.second.size() > directory.size() && item.second.starts_with(directory) &&
           item.second[directory.size()] == '/';
  });
}

}  // namespace millrace::log
