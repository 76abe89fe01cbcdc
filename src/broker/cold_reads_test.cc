#include "broker/cold_reads.h"

#include <string>

#include "runtime/scope.h"
#include "simulation/world.h"

#include "base/testing.h"

namespace millrace::broker {
namespace {

constexpr int64_t kChunk = ColdReads::kChunkBytes;

// A file that is not in memory; its pages take a millisecond or two from the platter.
struct Fixture {
  Fixture() : world(1, slow()) {
    machine.start([](runtime::Env&) { return std::make_shared<int>(0); });
    file = machine.disk().open("f", {.create = true}).value();
    REQUIRE(file->truncate(10 * kChunk));
    machine.disk().set_cold(true);
  }
  ~Fixture() { machine.kill(); }

  static simulation::Faults slow() {
    simulation::Faults faults;
    faults.disk_read_delay = milliseconds(1);
    return faults;
  }
  static runtime::Task<> note_end(runtime::Task<> task, int* ended) {
    co_await std::move(task);
    ++*ended;
  }
  void bring(int64_t position, int64_t size) {
    machine.spawn("bring", note_end(reads.bring(file, position, size), &ended));
  }
  uint64_t disk_reads() { return machine.disk().counts().read_aheads; }

  simulation::World world;
  simulation::Node& machine = world.add_node("machine");
  std::shared_ptr<runtime::File> file;
  ColdReads reads;
  int ended = 0;
};

TEST_CASE("many who want one range have it read once") {
  Fixture f;
  for (int i = 0; i < 50; ++i) f.bring(kChunk + i * 100, 1000);
  f.world.run_for(microseconds(50));
  f.machine.disk().set_cold(false);  // once it has been read
  f.world.run_for(milliseconds(3));
  CHECK(f.ended == 50);
  CHECK(f.disk_reads() == 1);
}

TEST_CASE("few ranges are read at a time, and everybody's turn comes") {
  Fixture f;
  for (int i = 0; i < 10; ++i) f.bring(i * kChunk, kChunk);
  f.world.run_for(microseconds(900));
  CHECK(f.disk_reads() == ColdReads::kRunningMax);
  f.world.run_for(milliseconds(20));
  CHECK(f.ended == 10);
  CHECK(f.disk_reads() == 10);
}

TEST_CASE("what is in memory is not read") {
  Fixture f;
  f.machine.disk().set_cold(false);
  f.bring(0, 3 * kChunk);
  f.world.run_for(microseconds(50));
  CHECK(f.ended == 1);
  CHECK(f.disk_reads() == 0);
}

TEST_CASE("a range across two chunks is read in two steps") {
  Fixture f;
  f.bring(kChunk - 10, 20);
  f.world.run_for(milliseconds(10));
  CHECK(f.ended == 1);
  CHECK(f.disk_reads() == 2);
}

runtime::Task<> bring_and_give_up(simulation::Node* machine, ColdReads* reads,
                                  std::shared_ptr<runtime::File> file) {
  runtime::Scope scope(machine->env().loop);
  scope.spawn("bring", reads->bring(std::move(file), 0, 10));
  co_await runtime::sleep_until(machine->env().loop.now() + microseconds(100));
  co_await scope.close();
}

TEST_CASE("a range whose reader gave up is read by the next who wants it") {
  Fixture f;
  f.machine.spawn("gives up", bring_and_give_up(&f.machine, &f.reads, f.file));
  f.world.run_for(microseconds(50));
  f.bring(0, 10);
  f.world.run_for(milliseconds(10));
  CHECK(f.ended == 1);
  CHECK(f.disk_reads() == 2);
}

TEST_CASE("a disk that fails is an error for who reads, and a second try for who waited") {
  Fixture f;
  f.bring(0, 10);
  f.bring(0, 10);
  f.machine.disk().fail_reads(true);
  f.world.run_for(milliseconds(10));
  CHECK(f.ended == 0);
  CHECK(f.disk_reads() == 2);
}

}  // namespace
}  // namespace millrace::broker
