#include "simulation/disk.h"

#include <fmt/core.h>
#include <algorithm>
#include <functional>
#include <utility>

#include "base/check.h"
#include "runtime/wait.h"

namespace millrace::simulation {
namespace {

using runtime::DirectoryEntry;
using runtime::DirectoryLock;
using runtime::DiskSpace;
using runtime::File;
using runtime::FileInfo;
using runtime::OpenOptions;
using runtime::Task;

constexpr Duration kSlowSyncMax = seconds(3);
constexpr Duration kSlowDiskMin = seconds(1);  // and up to twice that

// Tells a probe, if there is one, that a change begins and ends.
class Probed {
 public:
  Probed(DiskProbe* probe, DiskChange kind, const std::string& path, int64_t bytes = 0)
      : probe_(probe) {
    if (probe_) probe_->before(kind, path, bytes);
  }
  Probed(const Probed&) = delete;
  Probed& operator=(const Probed&) = delete;
  ~Probed() {
    if (probe_) probe_->after();
  }

 private:
  DiskProbe* probe_;
};

Duration up_to(Random& random, Duration most) {
  return nanoseconds(static_cast<int64_t>(random.below(static_cast<uint64_t>(most.ns) + 1)));
}

}  // namespace

// A sync on its way. Lives in the frame of the task that waits for it: a task that is dropped has
// been promised nothing.
struct SimulatedDisk::SyncInProgress : Event {
  SyncInProgress(SimulatedDisk* d, Inode* i, const std::string* p)
      : Event([](Event& self) { static_cast<SyncInProgress&>(self).happen(); }),
        disk(d),
        inode(i),
        path(p),
        snapshot(i->content.start_sync()) {
    if (disk->probe_) disk->probe_->before(DiskChange::kSyncBegin, *path);
    disk->timeline_.schedule(*this, disk->when_synced(*inode));
  }

  void happen() {
    result = disk->end_sync(*inode, *path, snapshot);
    ended = true;
    waiting.wake_all();
    disk->timeline_.schedule_no_later(disk->turn_, disk->timeline_.now());
  }

  SimulatedDisk* disk;
  Inode* inode;
  const std::string* path;
  FileContent::Snapshot snapshot;
  runtime::WaitQueue waiting;
  Result<> result;
  bool ended = false;
};

// Pages on their way from the platter. As above.
struct SimulatedDisk::ReadInProgress : Event {
  ReadInProgress(SimulatedDisk* d, const std::string* p)
      : Event([](Event& self) { static_cast<ReadInProgress&>(self).happen(); }), disk(d), path(p) {
    ++disk->counts_.read_aheads;
    const Duration delay = disk->faults_.disk_read_delay;
    disk->timeline_.schedule(*this, disk->timeline_.now() + delay + up_to(disk->random_, delay));
  }

  void happen() {
    result = disk->end_read_ahead(*path);
    ended = true;
    waiting.wake_all();
    disk->timeline_.schedule_no_later(disk->turn_, disk->timeline_.now());
  }

  SimulatedDisk* disk;
  const std::string* path;
  runtime::WaitQueue waiting;
  Result<> result;
  bool ended = false;
};

// A call that a helper thread makes. As above.
struct SimulatedDisk::CallInProgress : Event {
  using Call = std::function<Result<>()>;

  CallInProgress(SimulatedDisk* d, Call c)
      : Event([](Event& self) { static_cast<CallInProgress&>(self).happen(); }),
        disk(d),
        call(std::move(c)) {
    const Duration delay = disk->faults_.disk_sync_delay;
    disk->timeline_.schedule(*this, disk->timeline_.now() + up_to(disk->random_, delay + delay));
  }

  void happen() {
    result = call();
    ended = true;
    waiting.wake_all();
    disk->timeline_.schedule_no_later(disk->turn_, disk->timeline_.now());
  }

  SimulatedDisk* disk;
  Call call;
  runtime::WaitQueue waiting;
  Result<> result;
  bool ended = false;
};

Task<> SimulatedDisk::remove_aside(std::string path) {
  CallInProgress removal(this, [&] { return remove(path); });
  while (!removal.ended) co_await removal.waiting.wait();
  co_await std::move(removal.result);
}

Task<> SimulatedDisk::sync_directory_aside(std::string path) {
  CallInProgress sync(this, [&] { return sync_directory(path); });
  while (!sync.ended) co_await sync.waiting.wait();
  co_await std::move(sync.result);
}

Task<> SimulatedDisk::cut_unwanted_aside(std::string path, int64_t size) {
  CallInProgress cut(this, [&] { return cut_unwanted(path, size); });
  while (!cut.ended) co_await cut.waiting.wait();
  co_await std::move(cut.result);
}

class SimulatedDisk::OpenFile final : public File {
 public:
  OpenFile(SimulatedDisk* disk, InodeRef inode, std::string path, bool read_only)
      : disk_(disk), inode_(std::move(inode)), path_(std::move(path)), read_only_(read_only) {
    ++inode_->open_count;
    ++disk_->open_files_;
  }
  ~OpenFile() override { disk_->close(*inode_); }

  Result<size_t> read_at(int64_t position, MutableBytes into) override {
    if (position < 0) return fail(Errc::kIo, fmt::format("{}: position {}", path_, position));
    return disk_->read(*inode_, path_, position, into);
  }

  Result<size_t> try_read_at(int64_t position, MutableBytes into) override {
    if (disk_->is_cold()) return fail(Errc::kWouldBlock);
    return read_at(position, into);
  }

  bool is_resident(int64_t /*position*/, int64_t /*size*/) override { return !disk_->is_cold(); }

  Task<> read_ahead(int64_t /*position*/, int64_t /*size*/) override {
    ReadInProgress reading(disk_, &path_);
    while (!reading.ended) co_await reading.waiting.wait();
    co_await std::move(reading.result);
  }

  Result<> write_at(int64_t position, std::span<const Bytes> pieces) override {
    TRY(check_writable(position));
    for (const Bytes piece : pieces) {
      TRY(disk_->write(*inode_, path_, position, piece));
      position += static_cast<int64_t>(piece.size());
    }
    return {};
  }

  Result<int64_t> size() override { return inode_->content.size(); }

  Result<> truncate(int64_t size) override {
    TRY(check_writable(size));
    return disk_->truncate(*inode_, path_, size);
  }

  Task<> sync() override {
    SyncInProgress sync(disk_, inode_.get(), &path_);
    while (!sync.ended) co_await sync.waiting.wait();
    co_await std::move(sync.result);
  }

  Result<> sync_now() override {
    if (disk_->probe_) disk_->probe_->before(DiskChange::kSyncBegin, path_);
    return disk_->end_sync(*inode_, path_, inode_->content.start_sync());
  }

  Task<> write_stable(int64_t position,
                      std::shared_ptr<const runtime::BlockBuffer> blocks) override {
    CHECK(position % int64_t{runtime::kBlockBytes} == 0);
    CHECK(blocks->size() % runtime::kBlockBytes == 0);
    const Bytes piece = blocks->bytes();
    co_await write_at(position, {&piece, 1});
    co_await sync();
  }

  // Room is only taken by what is written.
  Task<> allocate(int64_t size, bool /*zeros*/) override {
    if (size > inode_->content.size()) co_await truncate(size);
    co_await sync();
  }

  const std::string& path() const override { return path_; }

 private:
  Result<> check_writable(int64_t position) const {
    if (read_only_) return fail(Errc::kIo, fmt::format("{}: opened for reading only", path_));
    if (position < 0) return fail(Errc::kIo, fmt::format("{}: position {}", path_, position));
    return {};
  }

  SimulatedDisk* disk_;
  InodeRef inode_;
  std::string path_;
  bool read_only_;
};

class SimulatedDisk::Lock final : public DirectoryLock {
 public:
  Lock(SimulatedDisk* disk, uint64_t inode) : disk_(disk), inode_(inode) {}
  ~Lock() override { disk_->locked_.erase(inode_); }

 private:
  SimulatedDisk* disk_;
  uint64_t inode_;
};

SimulatedDisk::SimulatedDisk(Timeline& timeline, const Faults& faults, Random random, int32_t node,
                             Event& turn)
    : timeline_(timeline),
      faults_(faults),
      random_(random),
      node_(node),
      turn_(turn),
      tree_(std::make_unique<FileTree>()) {}

SimulatedDisk::~SimulatedDisk() {
  CHECK(open_files_ == 0 && locked_.empty(), "a process outlives its disk");
}

void SimulatedDisk::note_name(const std::string& path) {
  timeline_.note(TraceKind::kNames, node_, hash_of(path));
}

std::unexpected<Error> SimulatedDisk::broken(const std::string& path, const char* what) {
  ++counts_.errors;
  return fail(Errc::kIo, fmt::format("{}: {}: input/output error", path, what));
}

int64_t SimulatedDisk::used_bytes() const {
  return used_pages_ * static_cast<int64_t>(kPageBytes);
}

int64_t SimulatedDisk::free_pages() const {
  if (full_) return 0;
  return std::max<int64_t>(0, capacity_bytes_ / static_cast<int64_t>(kPageBytes) - used_pages_);
}

Result<> SimulatedDisk::check_room(const std::string& path) const {
  if (free_pages() > 0) return {};
  return fail(Errc::kDiskFull, fmt::format("{}: no space left on device", path));
}

Result<> SimulatedDisk::check_descriptors(const std::string& path) const {
  if (!files_refused_ && open_files_ < open_files_max_) return {};
  return fail(Errc::kOverloaded, fmt::format("{}: too many open files", path));
}

Result<std::unique_ptr<File>> SimulatedDisk::open(const std::string& path, OpenOptions options) {
  TRY(check_descriptors(path));
  InodeRef inode = tree_->find(path);
  if (inode && options.create && options.exclusive) {
    return fail(Errc::kAlreadyExists, fmt::format("{}: exists", path));
  }
  if (!inode) {
    if (!options.create) {
      return fail(Errc::kNotFound, fmt::format("{}: no such file or directory", path));
    }
    TRY(check_room(path));
    const Probed change(probe_, DiskChange::kCreate, path);
    inode = TRY(tree_->create(path, false));
    note_name(path);
  }
  if (inode->is_directory) return fail(Errc::kIo, fmt::format("{}: is a directory", path));
  if (options.truncate) TRY(truncate(*inode, path, 0));
  return std::make_unique<OpenFile>(this, std::move(inode), path, options.read_only);
}

void SimulatedDisk::close(Inode& inode) {
  --open_files_;
  if (--inode.open_count == 0 && !inode.linked) used_pages_ -= inode.content.pages();
}

// A name is gone; the room it took is free once nobody has the file open.
void SimulatedDisk::forget(const InodeRef& inode) {
  if (inode && inode->open_count == 0) used_pages_ -= inode->content.pages();
}

Result<> SimulatedDisk::rename(const std::string& from, const std::string& to) {
  const Probed change(probe_, DiskChange::kRename, to);
  forget(TRY(tree_->rename(from, to)));
  note_name(from);
  note_name(to);
  return {};
}

Result<> SimulatedDisk::remove(const std::string& path) {
  const Probed change(probe_, DiskChange::kRemove, path);
  forget(TRY(tree_->remove(path, false)));
  note_name(path);
  return {};
}

Result<> SimulatedDisk::cut_unwanted(const std::string& path, int64_t size) {
  const InodeRef inode = tree_->find(path);
  if (!inode) return fail(Errc::kNotFound, fmt::format("{}: no such file or directory", path));
  if (inode->is_directory) return fail(Errc::kIo, fmt::format("{}: is a directory", path));
  if (inode->open_count > 0) return fail(Errc::kLocked, fmt::format("{} is open", path));
  return truncate(*inode, path, size);
}

Result<> SimulatedDisk::make_directory(const std::string& path) {
  TRY(check_room(path));
  const Probed change(probe_, DiskChange::kCreate, path);
  TRY(tree_->create(path, true));
  note_name(path);
  return {};
}

Result<> SimulatedDisk::remove_directory(const std::string& path) {
  const Probed change(probe_, DiskChange::kRemove, path);
  TRY(tree_->remove(path, true));
  note_name(path);
  return {};
}

Result<std::vector<DirectoryEntry>> SimulatedDisk::list(const std::string& path) {
  const InodeRef directory = tree_->find(path);
  if (!directory) return fail(Errc::kNotFound, fmt::format("{}: no such directory", path));
  if (!directory->is_directory) return fail(Errc::kIo, fmt::format("{}: is no directory", path));
  std::vector<DirectoryEntry> entries;
  entries.reserve(directory->names.size());
  for (const auto& [name, inode] : directory->names) entries.push_back({name, inode->is_directory});
  return entries;
}

Result<FileInfo> SimulatedDisk::info(const std::string& path) {
  const InodeRef inode = tree_->find(path);
  if (!inode) return fail(Errc::kNotFound, fmt::format("{}: no such file or directory", path));
  return FileInfo{.size = inode->content.size(), .is_directory = inode->is_directory};
}

Result<> SimulatedDisk::sync_directory(const std::string& path) {
  TRY(check_descriptors(path));  // a real one is opened to be synced
  ++counts_.directory_syncs;
  if (syncs_fail_ || syncs_broken_ || random_.chance(faults_.disk_sync_error)) {
    return broken(path, "sync of the directory");
  }
  const Probed change(probe_, DiskChange::kSyncDirectory, path);
  if (!random_.chance(faults_.disk_directory_lie)) TRY(tree_->sync(path));
  note_name(path);
  return {};
}

Result<DiskSpace> SimulatedDisk::space(const std::string& path) {
  if (!tree_->find(path)) return fail(Errc::kNotFound, fmt::format("{}: no such directory", path));
  return DiskSpace{.total_bytes = capacity_bytes_,
                   .free_bytes = free_pages() * static_cast<int64_t>(kPageBytes)};
}

Result<std::unique_ptr<DirectoryLock>> SimulatedDisk::lock(const std::string& path) {
  const InodeRef directory = tree_->find(path);
  if (!directory) return fail(Errc::kNotFound, fmt::format("{}: no such directory", path));
  if (!locked_.insert(directory->id).second) {
    return fail(Errc::kLocked, fmt::format("{}: in use by another process", path));
  }
  return std::make_unique<Lock>(this, directory->id);
}

Result<size_t> SimulatedDisk::read(Inode& inode, const std::string& path, int64_t position,
                                   MutableBytes into) {
  if (reads_fail_ || random_.chance(faults_.disk_read_error)) return broken(path, "read");
  if (faults_.disk_rot > 0) rot(inode, position, into.size());
  const size_t count = inode.content.read(position, into);
  timeline_.note(TraceKind::kRead, node_, static_cast<uint64_t>(position), count);
  return count;
}

bool SimulatedDisk::is_cold() {
  return cold_ || random_.chance(faults_.disk_cold);
}

Result<> SimulatedDisk::end_read_ahead(const std::string& path) {
  if (reads_fail_ || random_.chance(faults_.disk_read_error)) return broken(path, "read");
  return {};
}

void SimulatedDisk::rot(Inode& inode, int64_t position, size_t count) {
  const int64_t end = std::min(inode.content.size(), position + static_cast<int64_t>(count));
  for (int64_t at = position; at < end; at += static_cast<int64_t>(kPageBytes)) {
    if (!random_.chance(faults_.disk_rot)) continue;
    const int64_t page_end = std::min(end, at + static_cast<int64_t>(kPageBytes));
    inode.content.flip_bit(random_.between(at, page_end - 1), static_cast<int>(random_.below(8)));
    ++counts_.errors;
  }
}

Result<> SimulatedDisk::write(Inode& inode, const std::string& path, int64_t position,
                              Bytes bytes) {
  const bool failing = writes_fail_ || random_.chance(faults_.disk_write_error);
  Bytes part = failing ? bytes.first(random_.below(bytes.size() + 1)) : bytes;
  if (random_.chance(faults_.disk_write_back)) inode.content.write_back(random_);

  const auto needed = [&] {
    return inode.content.pages_to_write(position, static_cast<int64_t>(part.size()));
  };
  const bool fits = needed() <= free_pages();
  while (needed() > free_pages()) {
    const size_t into_last_page = (static_cast<size_t>(position) + part.size()) % kPageBytes;
    part = part.first(part.size() -
                      std::min(part.size(), into_last_page ? into_last_page : kPageBytes));
  }
  const int64_t pages_before = inode.content.pages();
  put(inode, path, position, part);
  used_pages_ += inode.content.pages() - pages_before;
  ++counts_.writes;
  counts_.bytes_written += part.size();
  timeline_.note(TraceKind::kWrite, node_, static_cast<uint64_t>(position), hash_of(part));
  if (failing) return broken(path, "write");
  return fits ? Result<>()
              : fail(Errc::kDiskFull, fmt::format("{}: no space left on device", path));
}

void SimulatedDisk::put(Inode& inode, const std::string& path, int64_t position, Bytes bytes) {
  const Probed change(probe_, DiskChange::kWrite, path, static_cast<int64_t>(bytes.size()));
  if (probe_ && probe_->wants_within()) {
    const size_t half = bytes.size() / 2;
    inode.content.write(position, bytes.first(half));
    probe_->within();
    position += static_cast<int64_t>(half);
    bytes = bytes.subspan(half);
  }
  inode.content.write(position, bytes);
}

Result<> SimulatedDisk::truncate(Inode& inode, const std::string& path, int64_t size) {
  const Probed change(probe_, DiskChange::kTruncate, path);
  const int64_t pages_before = inode.content.pages();
  inode.content.truncate(size);
  used_pages_ += inode.content.pages() - pages_before;
  timeline_.note(TraceKind::kTruncate, node_, inode.id, static_cast<uint64_t>(size));
  return {};
}

MonoTime SimulatedDisk::when_synced(Inode& inode) {
  Duration takes = faults_.disk_sync_delay + up_to(random_, faults_.disk_sync_delay);
  if (random_.chance(faults_.disk_sync_slow)) takes = takes + up_to(random_, kSlowSyncMax);
  if (slow_) takes = takes + kSlowDiskMin + up_to(random_, kSlowDiskMin);
  // Syncs of one file end in the order in which they began.
  inode.synced_until = std::max(inode.synced_until, timeline_.now() + takes);
  return inode.synced_until;
}

Result<> SimulatedDisk::end_sync(Inode& inode, const std::string& path,
                                 const FileContent::Snapshot& snapshot) {
  ++counts_.syncs;
  const bool fails = syncs_fail_ || syncs_broken_ || random_.chance(faults_.disk_sync_error);
  timeline_.note(TraceKind::kSync, node_, inode.id, fails);
  if (fails) {
    const int64_t pages_before = inode.content.pages();
    inode.content.fail_sync(snapshot, random_);
    used_pages_ += inode.content.pages() - pages_before;
    if (random_.chance(faults_.disk_sync_broken)) syncs_broken_ = true;
    return broken(path, "sync");
  }
  const Probed change(probe_, DiskChange::kSyncEnd, path);
  const bool lied_about = !lies_about_.empty() && path.find(lies_about_) != std::string::npos;
  if (lied_about || random_.chance(faults_.disk_sync_lie)) {
    inode.content.pretend_sync(snapshot);
  } else {
    inode.content.finish_sync(snapshot);
  }
  return {};
}

void SimulatedDisk::crash() {
  crash(CrashMood::draw(random_, faults_.disk_garbage));
}

void SimulatedDisk::crash(const CrashMood& mood) {
  CHECK(open_files_ == 0 && locked_.empty(), "the process goes first, then the power");
  tree_->crash(random_, mood);
  recount();
  syncs_broken_ = false;  // a power cycle helps some disks
  timeline_.note(TraceKind::kCrash, node_, static_cast<uint64_t>(used_pages_));
}

void SimulatedDisk::recount() {
  used_pages_ = 0;
  for (const auto& [path, inode] : tree_->files()) used_pages_ += inode->content.pages();
}

void SimulatedDisk::repair() {
  full_ = slow_ = cold_ = writes_fail_ = reads_fail_ = syncs_fail_ = syncs_broken_ = false;
  files_refused_ = false;
}

Result<> SimulatedDisk::flip_bit(const std::string& path, int64_t position, int bit) {
  const InodeRef inode = tree_->find(path);
  if (!inode) return fail(Errc::kNotFound, fmt::format("{}: no such file", path));
  if (position >= inode->content.size()) {
    return fail(Errc::kInvalidRequest, fmt::format("{}: ends before {}", path, position));
  }
  const int64_t pages_before = inode->content.pages();
  inode->content.flip_bit(position, bit);
  used_pages_ += inode->content.pages() - pages_before;
  return {};
}

std::unique_ptr<FileTree> SimulatedDisk::image_after_crash(Random random) const {
  std::unique_ptr<FileTree> image = tree_->copy();
  const CrashMood mood = CrashMood::draw(random, faults_.disk_garbage);
  image->crash(random, mood);
  return image;
}

void SimulatedDisk::load(const FileTree& image) {
  CHECK(open_files_ == 0 && locked_.empty());
  tree_ = image.copy();
  recount();
}

}  // namespace millrace::simulation
