// FileTree: names and files of one simulated disk in two layers, as FileContent has them for bytes.
// A change of a name is at first an entry in a journal; sync() of its directory makes it stable,
// and a power loss keeps or loses each one on its own. A rename is one change: after a crash the
// file has its old name or its new one. Not a Disk: errors, delays and open files are in disk.h.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "simulation/file_content.h"

namespace millrace::simulation {

/// A file or a directory, whatever its name.
struct Inode {
  using Names = std::map<std::string, std::shared_ptr<Inode>, std::less<>>;

  uint64_t id = 0;
  bool is_directory = false;
  bool linked = false;  ///< has a name that processes see
  int32_t open_count = 0;
  MonoTime synced_until{};  ///< when the last of its syncs that run is done
  FileContent content;      // of a file
  Names names;              // of a directory: what processes see
  Names stable_names;       // and what is on the platter
};
using InodeRef = std::shared_ptr<Inode>;

class FileTree {
 public:
  FileTree();
  FileTree(const FileTree&) = delete;
  FileTree& operator=(const FileTree&) = delete;

  /// Null when there is none. Paths use '/', '.' is skipped, all begin at the root.
  InodeRef find(std::string_view path) const;
  /// Errors: kNotFound when the directory above is missing, kAlreadyExists.
  Result<InodeRef> create(std::string_view path, bool is_directory);
  /// Errors: kNotFound; kIo when `wants_directory` does not fit or the directory is not empty.
  Result<InodeRef> remove(std::string_view path, bool wants_directory);
  /// Returns the file whose name was taken, if any. Errors: kNotFound; kAlreadyExists when `to` is
  /// a directory; kIo when it lies within `from`.
  Result<InodeRef> rename(std::string_view from, std::string_view to);
  /// Makes all changes of names in a directory stable. Errors: kNotFound.
  Result<> sync(std::string_view path);

  /// What a power loss leaves.
  void crash(Random& random, const CrashMood& mood);

  /// The same tree once more, both layers; pages are shared.
  std::unique_ptr<FileTree> copy() const;
  /// All files that processes see, in order of their paths.
  std::vector<std::pair<std::string, InodeRef>> files() const;

  size_t unsynced_changes() const { return journal_.size(); }

 private:
  // A creation has only a `to`, a removal only a `from`, a rename both.
  struct Change {
    InodeRef inode;
    InodeRef from;
    std::string from_name;
    InodeRef to;
    std::string to_name;

    bool touches(const Inode& directory) const {
      return from.get() == &directory || to.get() == &directory;
    }
    bool depends_on(const Change& earlier) const;
  };
  struct Place {
    InodeRef directory;
    std::string name;
  };

  Result<Place> place_of(std::string_view path) const;
  void change(Change change);
  void make_stable(std::vector<bool> chosen);
  static void apply(const Change& change, Inode::Names Inode::* layer);

  uint64_t next_id_ = 1;
  InodeRef root_;
  std::vector<Change> journal_;  // what is not stable yet, oldest first
};

}  // namespace millrace::simulation
