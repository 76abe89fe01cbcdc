// SimulatedDisk: one machine's disk in memory. Processes see a page cache; what a power loss leaves
// is decided by file_content.h (bytes) and file_tree.h (names), and how often calls fail by
// faults.h.
//
// Beyond what faults draw, a test may break it by hand: full, failing, lying, rotten.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "runtime/disk.h"
#include "simulation/disk_probe.h"
#include "simulation/faults.h"
#include "simulation/file_tree.h"
#include "simulation/timeline.h"

namespace millrace::simulation {

class SimulatedDisk final : public runtime::Disk {
 public:
  /// Borrows all but `random`; `turn` is brought forward when a task has something to go on with.
  SimulatedDisk(Timeline& timeline, const Faults& faults, Random random, int32_t node, Event& turn);
  ~SimulatedDisk() override;

  // What processes call: see runtime/disk.h.
  Result<std::unique_ptr<runtime::File>> open(const std::string& path,
                                              runtime::OpenOptions options) override;
  Result<> rename(const std::string& from, const std::string& to) override;
  Result<> remove(const std::string& path) override;
  Result<> make_directory(const std::string& path) override;
  Result<> remove_directory(const std::string& path) override;
  Result<std::vector<runtime::DirectoryEntry>> list(const std::string& path) override;
  Result<runtime::FileInfo> info(const std::string& path) override;
  Result<> sync_directory(const std::string& path) override;
  runtime::Task<> remove_aside(std::string path) override;
  runtime::Task<> sync_directory_aside(std::string path) override;
  runtime::Task<> cut_unwanted_aside(std::string path, int64_t size) override;
  Result<runtime::DiskSpace> space(const std::string& path) override;
  Result<std::unique_ptr<runtime::DirectoryLock>> lock(const std::string& path) override;
  int64_t files_max() const override { return open_files_max_; }

  /// Power is lost. Requires: no file is open any more and no lock held.
  void crash();
  void crash(const CrashMood& mood);

  // Broken by hand.
  /// Units: bytes; what is there already stays, even when it is more.
  void set_capacity(int64_t bytes) { capacity_bytes_ = bytes; }
  void set_full(bool full) { full_ = full; }
  /// Beyond so many open ones, open() says kOverloaded. Not ended by repair().
  void set_open_files_max(int64_t count) { open_files_max_ = count; }
  /// open() says kOverloaded.
  void refuse_files(bool refusing) { files_refused_ = refusing; }
  /// Nothing that is asked for is in memory.
  void set_cold(bool cold) { cold_ = cold; }
  void fail_writes(bool failing) { writes_fail_ = failing; }
  void fail_reads(bool failing) { reads_fail_ = failing; }
  void fail_syncs(bool failing) { syncs_fail_ = failing; }
  /// Every sync takes seconds.
  void set_slow(bool slow) { slow_ = slow; }
  /// Syncs of files whose path holds `part` claim success and save nothing. Not ended by repair().
  void lie_about(std::string part) { lies_about_ = std::move(part); }
  /// All of the above end, and what faults broke for good works again.
  void repair();
  /// Rot. Errors: kNotFound; kInvalidRequest when the file does not reach that far.
  Result<> flip_bit(const std::string& path, int64_t position, int bit);

  /// Tells the probe of every change from now on; null: nobody. Borrowed.
  void set_probe(DiskProbe* probe) { probe_ = probe; }

  // Images, for tests that ask what would be if.
  std::unique_ptr<FileTree> image() const { return tree_->copy(); }
  /// What a power loss at this moment could leave.
  std::unique_ptr<FileTree> image_after_crash(Random random) const;
  /// Requires: as crash().
  void load(const FileTree& image);

  struct Counts {
    uint64_t writes = 0;
    uint64_t bytes_written = 0;
    uint64_t read_aheads = 0;
    uint64_t syncs = 0;  ///< of files
    uint64_t directory_syncs = 0;
    uint64_t errors = 0;  ///< that faults caused
  };
  const Counts& counts() const { return counts_; }
  int64_t used_bytes() const;
  int64_t open_files() const { return open_files_; }

 private:
  class OpenFile;
  class Lock;
  struct SyncInProgress;
  struct ReadInProgress;
  struct CallInProgress;

  Result<> write(Inode& inode, const std::string& path, int64_t position, Bytes bytes);
  void put(Inode& inode, const std::string& path, int64_t position, Bytes bytes);
  Result<> truncate(Inode& inode, const std::string& path, int64_t size);
  Result<> cut_unwanted(const std::string& path, int64_t size);
  Result<size_t> read(Inode& inode, const std::string& path, int64_t position, MutableBytes into);
  bool is_cold();
  Result<> end_read_ahead(const std::string& path);
  Result<> end_sync(Inode& inode, const std::string& path, const FileContent::Snapshot& snapshot);
  MonoTime when_synced(Inode& inode);
  Result<> check_room(const std::string& path) const;
  Result<> check_descriptors(const std::string& path) const;
  void rot(Inode& inode, int64_t position, size_t count);
  void close(Inode& inode);
  void forget(const InodeRef& inode);
  void recount();
  void note_name(const std::string& path);
  std::unexpected<Error> broken(const std::string& path, const char* what);
  int64_t free_pages() const;

  Timeline& timeline_;
  const Faults& faults_;
  Random random_;
  const int32_t node_;
  Event& turn_;

  std::unique_ptr<FileTree> tree_;
  std::set<uint64_t> locked_;  // inodes
  int64_t used_pages_ = 0;
  int64_t capacity_bytes_ = int64_t{1} << 40;
  bool full_ = false;
  bool cold_ = false;
  bool writes_fail_ = false;
  bool reads_fail_ = false;
  bool syncs_fail_ = false;
  bool slow_ = false;
  bool files_refused_ = false;
  std::string lies_about_;
  DiskProbe* probe_ = nullptr;
  bool syncs_broken_ = false;  // by a fault, until repaired
  int64_t open_files_ = 0;
  int64_t open_files_max_ = 100'000;
  Counts counts_;
};

}  // namespace millrace::simulation
