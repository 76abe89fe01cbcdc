#include "simulation/disk.h"

#include <string>

#include "runtime/env.h"
#include "simulation/world.h"

#include "base/testing.h"

namespace millrace::simulation {
namespace {

using runtime::File;
using runtime::Task;

constexpr CrashMood kAllLost{.keep = 0};

Result<> write(File& file, int64_t position, std::string_view text) {
  const Bytes bytes = as_bytes(text);
  return file.write_at(position, {&bytes, 1});
}

std::string content(SimulatedDisk& disk, const std::string& path) {
  return runtime::read_file(disk, path, 1 << 24).value_or("(none)");
}

// Processes that hold files live on a node; these tests need only its disk and a task now and then.
struct Machine {
  explicit Machine(const Faults& faults = {}, uint64_t seed = 1) : world(seed, faults) {
    node.start([](runtime::Env&) { return std::make_shared<int>(0); });
  }
  World world;
  Node& node = world.add_node("machine");
  SimulatedDisk& disk = node.disk();
};

Task<> write_and_sync(runtime::Disk* disk, std::string path, std::string text) {
  const std::unique_ptr<File> file = co_await disk->open(path, {.create = true});
  co_await write(*file, 0, text);
  co_await file->sync();
}

TEST_CASE("a file is read as it was written, across pages and pieces, and ends where it ends") {
  Machine machine;
  const auto file = machine.disk.open("f", {.create = true}).value();
  const std::string a(5'000, 'a');
  const std::string b(7'000, 'b');
  const Bytes pieces[] = {as_bytes(a), as_bytes(b)};
  REQUIRE(file->write_at(3, pieces));
  CHECK(file->size() == 12'003);
  std::string got(20'000, '?');
  CHECK(file->read_at(0, {reinterpret_cast<uint8_t*>(got.data()), got.size()}) == 12'003);
  CHECK(got.substr(0, 12'003) == std::string(3, '\0') + a + b);
  CHECK(file->read_at(12'003, {reinterpret_cast<uint8_t*>(got.data()), 1}) == 0);
}

TEST_CASE("open obeys create, exclusive, truncate and read only") {
  Machine machine;
  SimulatedDisk& disk = machine.disk;
  CHECK(disk.open("f", {}).error().code() == Errc::kNotFound);
  REQUIRE(write(*disk.open("f", {.create = true, .exclusive = true}).value(), 0, "text"));
  CHECK(disk.open("f", {.create = true, .exclusive = true}).error().code() == Errc::kAlreadyExists);
  CHECK(disk.open("f", {.create = true}).value()->size() == 4);
  CHECK(write(*disk.open("f", {.read_only = true}).value(), 0, "x").error().code() == Errc::kIo);
  CHECK(disk.open("f", {.truncate = true}).value()->size() == 0);
  REQUIRE(disk.make_directory("d"));
  CHECK(disk.open("d", {}).error().code() == Errc::kIo);
}

TEST_CASE("the helpers of runtime/disk.h work here: whole files, trees, lists in order") {
  Machine machine;
  SimulatedDisk& disk = machine.disk;
  REQUIRE(runtime::make_directories(disk, "/data/a/b"));
  REQUIRE(runtime::write_file_atomically(disk, "/data/a/b/file", "one"));
  REQUIRE(runtime::write_file_atomically(disk, "/data/a/b/file", "two"));
  REQUIRE(runtime::write_file_atomically(disk, "/data/a/aa", "x"));
  CHECK(content(disk, "data/a/b/file") == "two");
  const auto entries = disk.list("/data/a").value();
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].name == "aa");
  CHECK(entries[1].is_directory);
  REQUIRE(runtime::remove_tree(disk, "/data"));
  CHECK(!disk.info("/data"));
  CHECK(disk.used_bytes() == 0);
}

TEST_CASE("a directory whose maker was killed before its name was stable is made stable later") {
  Machine machine;
  REQUIRE(machine.disk.make_directory("/data"));
  machine.node.kill();
  REQUIRE(runtime::make_directories(machine.disk, "/data"));
  machine.disk.crash(kAllLost);
  CHECK(machine.disk.info("/data").has_value());
}

TEST_CASE("a file that replaces another atomically is whole after any crash") {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    Machine machine({}, seed);
    const std::string old_text(6'000, 'o');
    const std::string new_text(9'000, 'n');
    REQUIRE(runtime::write_file_atomically(machine.disk, "f", old_text));
    // The last step but one: renamed, and the directory not synced.
    {
      const auto file = machine.disk.open("f.tmp", {.create = true}).value();
      REQUIRE(write(*file, 0, new_text));
      REQUIRE(file->sync_now());
    }
    REQUIRE(machine.disk.rename("f.tmp", "f"));
    machine.node.crash();
    const std::string after = content(machine.disk, "f");
    CHECK((after == old_text || after == new_text));
  }
}

TEST_CASE("a sync takes time, and a crash before its end promises nothing") {
  Machine machine;
  machine.node.spawn("write", write_and_sync(&machine.disk, "f", "text"));
  machine.world.run_for(microseconds(200));
  CHECK(machine.disk.counts().writes == 1);
  CHECK(machine.disk.counts().syncs == 0);
  REQUIRE(machine.disk.sync_directory("/"));
  machine.node.crash();
  machine.world.run_for(seconds(1));
  CHECK(machine.disk.counts().syncs == 0);

  machine.node.start();
  REQUIRE(machine.world.run(machine.node, write_and_sync(&machine.disk, "g", "text")));
  REQUIRE(machine.disk.sync_directory("/"));
  machine.node.crash();
  CHECK(content(machine.disk, "g") == "text");
}

TEST_CASE("a kill loses nothing that was written, synced or not, and frees the lock") {
  Machine machine;
  SimulatedDisk& disk = machine.disk;
  REQUIRE(disk.make_directory("d"));
  struct Holder {
    std::unique_ptr<runtime::DirectoryLock> lock;
    std::unique_ptr<File> file;
  };
  machine.node.kill();
  machine.node.start([](runtime::Env& env) {
    auto holder = std::make_shared<Holder>();
    holder->lock = env.disk.lock("d").value();
    holder->file = env.disk.open("d/f", {.create = true}).value();
    CHECK(write(*holder->file, 0, "text"));
    return holder;
  });
  const auto second = disk.lock("d");
  REQUIRE(!second);
  CHECK(second.error().code() == Errc::kLocked);
  machine.node.kill();
  CHECK(disk.lock("d"));
  CHECK(content(disk, "d/f") == "text");
}

TEST_CASE("a full disk takes what fits, says so, and goes on once there is room") {
  Machine machine;
  SimulatedDisk& disk = machine.disk;
  disk.set_capacity(3 * kPageBytes);
  const auto file = disk.open("f", {.create = true}).value();
  const Result<> overflow = write(*file, 0, std::string(4 * kPageBytes, 'x'));
  REQUIRE(!overflow);
  CHECK(overflow.error().code() == Errc::kDiskFull);
  CHECK(file->size() == 3 * kPageBytes);
  CHECK(disk.space("/").value().free_bytes == 0);
  CHECK(disk.open("g", {.create = true}).error().code() == Errc::kDiskFull);
  CHECK(disk.make_directory("d").error().code() == Errc::kDiskFull);
  REQUIRE(write(*file, 0, "in place"));  // what has room already can be overwritten
  disk.set_capacity(10 * kPageBytes);
  REQUIRE(write(*file, 3 * kPageBytes, "more"));
  CHECK(disk.used_bytes() == 4 * kPageBytes);
  disk.set_full(true);
  CHECK(write(*file, 4 * kPageBytes, "x").error().code() == Errc::kDiskFull);
}

TEST_CASE("the room of a removed file is free once nobody has it open") {
  Machine machine;
  SimulatedDisk& disk = machine.disk;
  auto file = disk.open("f", {.create = true}).value();
  REQUIRE(write(*file, 0, std::string(10'000, 'x')));
  REQUIRE(disk.remove("f"));
  CHECK(disk.used_bytes() == 3 * kPageBytes);
  char byte = 0;
  CHECK(file->read_at(9'999, {reinterpret_cast<uint8_t*>(&byte), 1}) == 1);
  file.reset();
  CHECK(disk.used_bytes() == 0);
}

TEST_CASE("a file is cut unless somebody has it open") {
  Machine machine;
  SimulatedDisk& disk = machine.disk;
  auto file = disk.open("f", {.create = true}).value();
  REQUIRE(write(*file, 0, std::string(10'000, 'x')));
  const auto cut = [&](const char* name, int64_t size) {
    return machine.world.run(machine.node, disk.cut_unwanted_aside(name, size));
  };
  CHECK(cut("f", 4'000).error().code() == Errc::kLocked);
  CHECK(cut("g", 4'000).error().code() == Errc::kNotFound);
  file.reset();
  CHECK(disk.info("f")->size == 10'000);
  REQUIRE(cut("f", 4'000));
  CHECK(disk.info("f")->size == 4'000);
  CHECK(disk.used_bytes() == kPageBytes);
}

TEST_CASE("failing reads, writes and syncs are errors with the path, and a repair ends them") {
  Machine machine;
  SimulatedDisk& disk = machine.disk;
  const auto file = disk.open("dir-less", {.create = true}).value();
  disk.fail_writes(true);
  const Result<> failed = write(*file, 0, "text");
  REQUIRE(!failed);
  CHECK(failed.error().code() == Errc::kIo);
  CHECK(failed.error().detail().contains("dir-less"));
  disk.repair();
  REQUIRE(write(*file, 0, "text"));
  disk.fail_syncs(true);
  CHECK(!file->sync_now());
  CHECK(!disk.sync_directory("/"));
  disk.repair();
  disk.fail_reads(true);
  char byte = 0;
  CHECK(!file->read_at(0, {reinterpret_cast<uint8_t*>(&byte), 1}));
}

TEST_CASE("a sync that failed once by a fault fails for ever where the fault says so") {
  Faults faults;
  faults.disk_sync_error = 1;
  faults.disk_sync_broken = 1;
  Machine machine(faults);
  const auto file = machine.disk.open("f", {.create = true}).value();
  CHECK(!file->sync_now());
  machine.world.set_faults({});
  CHECK(!file->sync_now());
  machine.disk.repair();
  CHECK(file->sync_now());
}

TEST_CASE("a sync that lies claims success and saves nothing, nor does the next one") {
  Faults faults;
  Machine machine;
  {
    const auto file = machine.disk.open("f", {.create = true}).value();
    REQUIRE(machine.disk.sync_directory("/"));
    REQUIRE(write(*file, 0, "one"));
    REQUIRE(file->sync_now());
    faults.disk_sync_lie = 1;
    machine.world.set_faults(faults);
    REQUIRE(write(*file, 0, "two"));
    REQUIRE(file->sync_now());
    machine.world.set_faults({});
    REQUIRE(file->sync_now());
    CHECK(content(machine.disk, "f") == "two");
  }
  machine.disk.crash(kAllLost);
  CHECK(content(machine.disk, "f") == "one");
}

TEST_CASE("rot changes what is read, and stays") {
  Faults faults;
  faults.disk_rot = 1;
  Machine machine(faults);
  REQUIRE(runtime::write_file_atomically(machine.disk, "f", std::string(100, 'x')));
  const std::string first = content(machine.disk, "f");
  CHECK(first != std::string(100, 'x'));
  machine.world.set_faults({});
  CHECK(content(machine.disk, "f") == first);
  REQUIRE(machine.disk.flip_bit("f", 0, 7));
  CHECK(content(machine.disk, "f") != first);
  CHECK(machine.disk.flip_bit("f", 100, 0).error().code() == Errc::kInvalidRequest);
}

TEST_CASE("an image tells what a crash could leave, without one") {
  Machine machine;
  REQUIRE(runtime::write_file_atomically(machine.disk, "stable", "s"));
  REQUIRE(write(*machine.disk.open("unsynced", {.create = true}).value(), 0, "u"));
  size_t with = 0;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const auto image = machine.disk.image_after_crash(Random(seed));
    REQUIRE(image->find("stable") != nullptr);
    if (image->find("unsynced")) ++with;
  }
  CHECK(with > 0);
  CHECK(with < 50);

  Machine other;
  other.disk.load(*machine.disk.image());
  CHECK(content(other.disk, "unsynced") == "u");
  CHECK(other.disk.used_bytes() == machine.disk.used_bytes());
}

}  // namespace
}  // namespace millrace::simulation
