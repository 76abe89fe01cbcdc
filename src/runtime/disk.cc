#include "runtime/disk.h"

#include <fmt/core.h>

namespace millrace::runtime {

Result<std::string> read_file(Disk& disk, const std::string& path, size_t size_max) {
  const std::unique_ptr<File> file = TRY(disk.open(path, {.read_only = true}));
  const int64_t size = TRY(file->size());
  if (size > static_cast<int64_t>(size_max)) {
    return fail(Errc::kInvalidRequest,
                fmt::format("{} has {} bytes, at most {} expected", path, size, size_max));
  }
  std::string content(static_cast<size_t>(size), '\0');
  const size_t got =
      TRY(file->read_at(0, {reinterpret_cast<uint8_t*>(content.data()), content.size()}));
  content.resize(got);
  return content;
}

Result<> write_file_atomically(Disk& disk, const std::string& path, std::string_view content) {
  const std::string temporary = path + ".tmp";
  {
    const std::unique_ptr<File> file =
        TRY(disk.open(temporary, {.create = true, .truncate = true}));
    const Bytes bytes = as_bytes(content);
    TRY(file->write_at(0, {&bytes, 1}));
    TRY(file->sync_now());
  }
  TRY(disk.rename(temporary, path));
  return disk.sync_directory(parent_path(path));
}

Result<> make_directories(Disk& disk, const std::string& path) {
  if (path.empty() || path == "." || path == "/") return {};
  const std::string parent = parent_path(path);
  if (disk.info(path)) {
    // Who made it may have been killed before its name was stable. A parent that refuses is not
    // ours, and neither was the making.
    (void)disk.sync_directory(parent);
    return {};
  }
  TRY(make_directories(disk, parent));
  TRY(disk.make_directory(path));
  return disk.sync_directory(parent);
}

Result<> remove_tree(Disk& disk, const std::string& path) {
  for (const DirectoryEntry& entry : TRY(disk.list(path))) {
    const std::string inner = join_path(path, entry.name);
    TRY(entry.is_directory ? remove_tree(disk, inner) : disk.remove(inner));
  }
  return disk.remove_directory(path);
}

Task<> remove_tree_aside(Disk* disk, std::string path) {
  for (const DirectoryEntry& entry : co_await disk->list(path)) {
    const std::string inner = join_path(path, entry.name);
    co_await (entry.is_directory ? remove_tree_aside(disk, inner) : disk->remove_aside(inner));
  }
  co_await disk->remove_directory(path);
}

std::string join_path(std::string_view directory, std::string_view name) {
  if (directory.empty() || directory == ".") return std::string(name);
  return directory.ends_with('/') ? fmt::format("{}{}", directory, name)
                                  : fmt::format("{}/{}", directory, name);
}

std::string parent_path(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string(path.substr(0, slash == 0 ? 1 : slash));
}

}  // namespace millrace::runtime
