// The Linux side, with real sockets on loopback and real files in a temporary directory.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <thread>

#include "runtime/os/clock.h"
#include "runtime/os/disk.h"
#include "runtime/os/driver.h"
#include "runtime/os/helper_threads.h"
#include "runtime/os/network.h"
#include "runtime/os/signals.h"
#include "runtime/scope.h"

#include "base/testing.h"

namespace millrace::runtime::os {
namespace {

struct Machine {
  SystemClock clock;
  Loop loop{clock};
  std::unique_ptr<Driver> driver = Driver::create(loop).value();
  HelperThreads threads{*driver, 2};
  SystemNetwork network{*driver, threads};
  StableWriter stable_writer{*driver};
  SystemDisk disk{threads, stable_writer};

  // Runs until `task` has ended.
  Result<> run(Task<> task) {
    Result<> result;
    Scope scope(loop);
    scope.spawn("test", finish(std::move(task), &result));
    driver->run();
    return result;
  }

 private:
  Task<> finish(Task<> task, Result<>* result) {
    *result = co_await as_result(std::move(task));
    driver->stop();
  }
};

struct TemporaryDirectory {
  TemporaryDirectory() {
    char name[] = "/tmp/millrace-os-test-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path = name;
  }
  ~TemporaryDirectory() {
    Machine machine;
    (void)remove_tree(machine.disk, path);
  }
  std::string path;
};

Task<> serve_echo(Listener* listener) {
  const std::unique_ptr<Socket> socket = co_await accept(listener);
  std::array<uint8_t, 4096> buffer;
  while (true) {
    const size_t count = co_await read_some(socket.get(), buffer);
    if (count == 0) break;
    co_await write_all(socket.get(), Bytes(buffer).first(count));
  }
  socket->end_write();
}

Task<> write_pattern(Socket* socket, size_t size) {
  std::vector<uint8_t> bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i * 7);
  co_await write_all(socket, bytes);
  socket->end_write();
}

Task<> echo(Machine* machine, size_t size) {
  std::unique_ptr<Listener> listener =
      co_await machine->network.listen({"127.0.0.1", 0}, {.backlog = 5});
  Scope scope(machine->loop);
  scope.spawn("echo", serve_echo(listener.get()));
  std::unique_ptr<Socket> socket = co_await machine->network.connect(listener->local());
  scope.spawn("write", write_pattern(socket.get(), size));
  std::vector<uint8_t> got(size);
  co_await read_exactly(socket.get(), got);
  for (size_t i = 0; i < size; ++i) {
    if (got[i] != static_cast<uint8_t>(i * 7)) co_await fail(Errc::kCorruptMessage);
  }
  std::array<uint8_t, 1> end;
  CHECK(co_await read_some(socket.get(), end) == 0);
  co_await scope.join();
}

TEST_CASE("bytes come back over loopback, far more than the socket buffers hold") {
  Machine machine;
  CHECK(machine.run(echo(&machine, 20'000'000)));
}

// How much one end takes while the other reads nothing.
size_t bytes_taken(Socket& socket) {
  const std::vector<uint8_t> bytes(4096);
  const std::array<Bytes, 1> piece = {Bytes(bytes)};
  size_t taken = 0;
  while (const Result<size_t> written = socket.try_write(piece)) taken += *written;
  return taken;
}

struct Taken {
  size_t by_server = 0;
  size_t by_client = 0;
};

Task<> measure(Machine* machine, ListenOptions options, Taken* taken) {
  std::unique_ptr<Listener> listener = co_await machine->network.listen({"127.0.0.1", 0}, options);
  std::unique_ptr<Socket> client = co_await machine->network.connect(listener->local());
  std::unique_ptr<Socket> server = co_await accept(listener.get());
  *taken = {.by_server = bytes_taken(*server), .by_client = bytes_taken(*client)};
}

TEST_CASE("a listener's connections have the buffers that it was given") {
  Machine machine;
  Taken usual;
  Taken small_send;
  Taken small_receive;
  CHECK(machine.run(measure(&machine, {}, &usual)));
  CHECK(machine.run(measure(&machine, {.send_buffer_bytes = 4096}, &small_send)));
  CHECK(machine.run(measure(&machine, {.receive_buffer_bytes = 4096}, &small_receive)));
  CHECK(small_send.by_server < usual.by_server / 2);
  CHECK(small_receive.by_client < usual.by_client);
}

Task<> connect_nowhere(Machine* machine, Address at) {
  co_await machine->network.connect(at);
}

TEST_CASE("a refused connection and an unknown host are kUnreachable") {
  Machine machine;
  Address free_port;
  {
    auto listener = machine.network.listen({"127.0.0.1", 0}, {.backlog = 1});
    REQUIRE(listener);
    free_port = (*listener)->local();
  }
  CHECK(machine.run(connect_nowhere(&machine, free_port)).error().code() == Errc::kUnreachable);
  CHECK(machine.run(connect_nowhere(&machine, {"no-such-host.invalid", 1})).error().code() ==
        Errc::kUnreachable);
}

TEST_CASE("a taken port and a foreign address are told apart") {
  Machine machine;
  auto first = machine.network.listen({"127.0.0.1", 0}, {.backlog = 1});
  REQUIRE(first);
  const auto second = machine.network.listen((*first)->local(), {.backlog = 1});
  REQUIRE(!second);
  CHECK(second.error().code() == Errc::kAddressInUse);
  // RFC 5737: nobody's.
  const auto foreign = machine.network.listen({"192.0.2.1", 0}, {.backlog = 1});
  REQUIRE(!foreign);
  CHECK(foreign.error().code() == Errc::kAddressNotHere);
}

Task<> write_and_sync(Machine* machine, std::string path) {
  std::unique_ptr<File> file = co_await machine->disk.open(path, {.create = true});
  const std::array<Bytes, 2> pieces = {as_bytes("hello "), as_bytes("world")};
  co_await file->write_at(0, pieces);
  co_await file->sync();
  co_await file->write_at(6, std::span(pieces).first(1));
  co_await file->truncate(9);
}

TEST_CASE("files are written in pieces, synced, cut and read back") {
  const TemporaryDirectory directory;
  Machine machine;
  const std::string path = join_path(directory.path, "f");
  CHECK(machine.run(write_and_sync(&machine, path)));
  CHECK(read_file(machine.disk, path, 100) == "hello hel");
  CHECK(!read_file(machine.disk, path, 5));
  CHECK(read_file(machine.disk, path + "x", 5).error().code() == Errc::kNotFound);
}

TEST_CASE("what is no regular file is not opened as one, and nobody waits for it") {
  const TemporaryDirectory directory;
  Machine machine;
  const std::string fifo = join_path(directory.path, "fifo");
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  for (const bool read_only : {true, false}) {
    const auto opened = machine.disk.open(fifo, {.read_only = read_only});
    REQUIRE(!opened);
    CHECK(opened.error().message().find("no regular file") != std::string::npos);
    CHECK(machine.disk.open(directory.path, {.read_only = read_only}).error().code() == Errc::kIo);
  }
}

Task<> sync_and_forget(Machine* machine, std::string path) {
  Scope scope(machine->loop);
  std::unique_ptr<File> file = co_await machine->disk.open(path, {.create = true});
  scope.spawn("sync", file->sync());
  co_await sleep_until(machine->loop.now());
}

TEST_CASE("a file is cut unless somebody has it open or it has another name") {
  const TemporaryDirectory directory;
  Machine machine;
  const std::string path = join_path(directory.path, "f");
  CHECK(machine.run(write_and_sync(&machine, path)));
  const auto cut = [&](const std::string& name, int64_t size) {
    return machine.run(machine.disk.cut_unwanted_aside(join_path(directory.path, name), size));
  };
  {
    const auto reader = machine.disk.open(path, {.read_only = true}).value();
    CHECK(cut("f", 5).error().code() == Errc::kLocked);
  }
  REQUIRE(::link(path.c_str(), (path + "-backup").c_str()) == 0);
  CHECK(cut("f", 5).error().code() == Errc::kLocked);
  REQUIRE(machine.disk.remove(path + "-backup"));
  REQUIRE(::symlink(path.c_str(), (path + "-link").c_str()) == 0);
  CHECK(!cut("f-link", 5));
  CHECK(!cut("x", 5));
  CHECK(read_file(machine.disk, path, 100) == "hello hel");
  REQUIRE(cut("f", 5));
  CHECK(read_file(machine.disk, path, 100) == "hello");
}

TEST_CASE("a file that has lost its name is closed, though not by the loop") {
  const TemporaryDirectory directory;
  Machine machine;
  const std::string path = join_path(directory.path, "f");
  std::unique_ptr<File> file = machine.disk.open(path, {.create = true}).value();
  const int descriptor = static_cast<const OpenFile&>(*file).descriptor();
  REQUIRE(machine.disk.remove(path));
  file = nullptr;
  while (::fcntl(descriptor, F_GETFD) != -1) std::this_thread::yield();
}

int64_t bytes_on_disk(const std::string& path) {
  struct stat found{};
  REQUIRE(::stat(path.c_str(), &found) == 0);
  return int64_t{found.st_blocks} * 512;
}

// So much that room is taken, and each byte tells where it is.
void append_pattern(File& file, int64_t from, int64_t size) {
  std::vector<uint8_t> bytes(64 * 1024);
  for (int64_t position = from; position < from + size; position += int64_t(bytes.size())) {
    std::ranges::fill(bytes, uint8_t(position >> 16));
    const Bytes piece = bytes;
    REQUIRE(file.write_at(position, {&piece, 1}));
  }
}

bool holds_pattern(File& file, int64_t size) {
  std::vector<uint8_t> bytes(64 * 1024);
  for (int64_t position = 0; position < size; position += int64_t(bytes.size())) {
    if (file.read_at(position, bytes) != bytes.size()) return false;
    if (!std::ranges::all_of(bytes, [&](uint8_t b) { return b == uint8_t(position >> 16); })) {
      return false;
    }
  }
  return true;
}

constexpr int64_t kMiB = 1 << 20;

TEST_CASE("a file that grows has room ahead, which it gives back when it ends") {
  Machine machine;
  const TemporaryDirectory directory;
  const std::string path = join_path(directory.path, "grows");
  auto file = machine.disk.open(path, {.create = true, .grows = true}).value();
  append_pattern(*file, 0, 24 * kMiB);
  REQUIRE(machine.run(file->sync()));
  CHECK(file->size() == 24 * kMiB);
  // The disk is nearly full, or has a file system that cannot: then there is none, and no error.
  const bool has_room = bytes_on_disk(path) > 25 * kMiB;
  if (!has_room) MESSAGE("no room is taken ahead here");

  SUBCASE("with a sync") {
    file->end_appending();
    REQUIRE(machine.run(file->sync()));
  }
  SUBCASE("with a sync at once") {
    file->end_appending();
    REQUIRE(file->sync_now());
  }
  SUBCASE("what a killed process had taken") {
    file.reset();
    file = machine.disk.open(path, {.grows = true}).value();
    CHECK(bytes_on_disk(path) > (has_room ? 25 : 24) * kMiB - 1);
    file->end_appending();
    REQUIRE(machine.run(file->sync()));
  }
  SUBCASE("and nothing of what is appended later") {
    file->end_appending();
    append_pattern(*file, 24 * kMiB, 8 * kMiB);
    REQUIRE(machine.run(file->sync()));
    CHECK(file->size() == 32 * kMiB);
    CHECK(holds_pattern(*file, 32 * kMiB));
    REQUIRE(file->truncate(24 * kMiB));
  }
  CHECK(file->size() == 24 * kMiB);
  CHECK(bytes_on_disk(path) < 25 * kMiB);
  CHECK(holds_pattern(*file, 24 * kMiB));
}

TEST_CASE("a file grows on while its room goes back, and loses nothing") {
  Machine machine;
  const TemporaryDirectory directory;
  const auto file =
      machine.disk.open(join_path(directory.path, "grows"), {.create = true, .grows = true})
          .value();
  append_pattern(*file, 0, 8 * kMiB);
  constexpr int kTimes = 30;
  for (int i = 0; i < kTimes; ++i) {
    file->end_appending();
    const auto append_and_cut = [](File* grows) -> Task<> {
      append_pattern(*grows, 8 * kMiB, 8 * kMiB);
      if (holds_pattern(*grows, 16 * kMiB)) co_await grows->truncate(8 * kMiB);
    };
    Scope syncing(machine.loop);
    syncing.spawn("sync", file->sync());
    REQUIRE(machine.run(append_and_cut(file.get())));
    REQUIRE(file->size() == 8 * kMiB);
  }
  CHECK(holds_pattern(*file, 8 * kMiB));
}

TEST_CASE("a file may go while its sync still runs") {
  const TemporaryDirectory directory;
  Machine machine;
  for (int i = 0; i < 20; ++i) {
    CHECK(machine.run(sync_and_forget(&machine, join_path(directory.path, "f"))));
  }
}

uint8_t pattern_at(int64_t position) {
  return static_cast<uint8_t>(position * 7 + position / 1000);
}

Task<std::unique_ptr<File>> make_pattern_file(Machine* machine, std::string path, size_t size) {
  std::vector<uint8_t> bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = pattern_at(static_cast<int64_t>(i));
  std::unique_ptr<File> file = co_await machine->disk.open(path, {.create = true});
  const Bytes all = bytes;
  co_await file->write_at(0, {&all, 1});
  co_return file;
}

// A head from memory, then the file.
Task<> send_file(Socket* socket, File* file, int64_t position, int64_t end) {
  const Bytes head = as_bytes("head");
  CHECK(co_await socket->try_write({&head, 1}, Follows::kMore) == head.size());
  while (position < end) {
    const Result<size_t> sent =
        socket->try_send_file(*file, position, static_cast<size_t>(end - position));
    if (sent) {
      position += static_cast<int64_t>(*sent);
    } else if (sent.error().code() == Errc::kWouldBlock) {
      co_await socket->writable().wait();
    } else {
      co_await std::unexpected(sent.error());
    }
  }
  socket->end_write();
}

struct SocketPair {
  std::unique_ptr<Socket> here;
  std::unique_ptr<Socket> there;
};

Task<> connect_pair(Machine* machine, SocketPair* pair) {
  std::unique_ptr<Listener> listener = co_await machine->network.listen({"127.0.0.1", 0}, {});
  pair->here = co_await machine->network.connect(listener->local());
  pair->there = co_await accept(listener.get());
}

Task<> receive_file(Machine* machine, std::string path) {
  constexpr int64_t kFrom = 1'000;
  constexpr int64_t kSize = 20'000'000;
  SocketPair pair;
  co_await connect_pair(machine, &pair);
  const std::unique_ptr<File> file = co_await make_pattern_file(machine, path, kSize);
  Scope scope(machine->loop);
  scope.spawn("send", send_file(pair.here.get(), file.get(), kFrom, kSize));
  std::vector<uint8_t> got(4 + kSize - kFrom);
  co_await read_exactly(pair.there.get(), got);
  CHECK(as_text(Bytes(got).first(4)) == "head");
  for (int64_t i = kFrom; i < kSize; ++i) {
    if (got[static_cast<size_t>(4 + i - kFrom)] != pattern_at(i)) {
      co_await fail(Errc::kCorruptMessage);
    }
  }
  std::array<uint8_t, 1> end;
  CHECK(co_await read_some(pair.there.get(), end) == 0);
  co_await scope.join();
}

TEST_CASE("a file goes through a socket as it is, far more than the socket buffers hold") {
  const TemporaryDirectory directory;
  Machine machine;
  CHECK(machine.run(receive_file(&machine, join_path(directory.path, "f"))));
}

Task<> send_too_much(Machine* machine, std::string path) {
  SocketPair pair;
  co_await connect_pair(machine, &pair);
  const std::unique_ptr<File> file = co_await make_pattern_file(machine, path, 10'000);
  co_await send_file(pair.here.get(), file.get(), 0, 10'001);
}

TEST_CASE("a file that ends before what is to be sent is kIo, with its path and where") {
  const TemporaryDirectory directory;
  Machine machine;
  const std::string path = join_path(directory.path, "f");
  const Result<> sent = machine.run(send_too_much(&machine, path));
  REQUIRE(!sent);
  CHECK(sent.error().code() == Errc::kIo);
  CHECK(sent.error().detail() == path + " ends before byte 10001");
}

Task<> send_to_nobody(Machine* machine, std::string path) {
  SocketPair pair;
  co_await connect_pair(machine, &pair);
  const std::unique_ptr<File> file = co_await make_pattern_file(machine, path, 1'000'000);
  pair.there->close();
  while (true) co_await send_file(pair.here.get(), file.get(), 0, 1'000'000);
}

TEST_CASE("a peer that is gone is kClosed, for files too") {
  const TemporaryDirectory directory;
  Machine machine;
  const auto signals = StopSignals::create(*machine.driver);
  REQUIRE(signals);
  const Result<> sent = machine.run(send_to_nobody(&machine, join_path(directory.path, "f")));
  REQUIRE(!sent);
  CHECK(sent.error().code() == Errc::kClosed);
}

Task<> drop_and_read_ahead(Machine* machine, std::string path) {
  constexpr size_t kSize = 1'000'000;
  const std::unique_ptr<File> file = co_await make_pattern_file(machine, path, kSize);
  CHECK(file->is_resident(0, kSize));
  CHECK(file->is_resident(kSize - 1, 1'000'000));  // beyond the end there is nothing to wait for
  co_await file->sync();
  ::posix_fadvise(static_cast<OpenFile&>(*file).descriptor(), 0, 0, POSIX_FADV_DONTNEED);
  std::vector<uint8_t> got(kSize + 10);
  // Where the page cache is all there is (tmpfs), nothing is ever dropped.
  if (!file->is_resident(500'000, 1)) {
    CHECK(!file->is_resident(0, kSize));
    // The kernel may keep the beginning, and read on by itself as soon as somebody asks for it.
    const Result<size_t> tried = file->try_read_at(0, got);
    CHECK((tried ? *tried == kSize : tried.error().code() == Errc::kWouldBlock));
  }
  co_await file->read_ahead(0, kSize + 1'000'000);
  CHECK(file->is_resident(0, kSize));
  CHECK(co_await file->try_read_at(0, got) == kSize);
  CHECK(got[kSize - 1] == pattern_at(kSize - 1));
}

TEST_CASE("what was dropped from memory is not resident, and what was read ahead is") {
  const TemporaryDirectory directory;
  Machine machine;
  CHECK(machine.run(drop_and_read_ahead(&machine, join_path(directory.path, "f"))));
}

TEST_CASE("a directory is listed in order, locked once and replaced files are whole") {
  const TemporaryDirectory directory;
  Machine machine;
  Disk& disk = machine.disk;
  REQUIRE(make_directories(disk, join_path(directory.path, "a/b/c")));
  REQUIRE(write_file_atomically(disk, join_path(directory.path, "z"), "one"));
  REQUIRE(write_file_atomically(disk, join_path(directory.path, "z"), "two"));
  const auto entries = disk.list(directory.path);
  REQUIRE(entries);
  REQUIRE(entries->size() == 2);
  CHECK(entries->at(0).name == "a");
  CHECK(entries->at(0).is_directory);
  CHECK(read_file(disk, join_path(directory.path, "z"), 10) == "two");

  const std::string lock_path = join_path(directory.path, ".lock");
  auto held = disk.lock(lock_path);
  REQUIRE(held);
  CHECK(disk.lock(lock_path).error().code() == Errc::kLocked);
  held->reset();
  CHECK(disk.lock(lock_path));
  CHECK(disk.space(directory.path)->free_bytes > 0);
}

std::shared_ptr<BlockBuffer> blocks_of(char byte, size_t count) {
  auto blocks = std::make_shared<BlockBuffer>();
  std::memset(blocks->extend(count * kBlockBytes), byte, count * kBlockBytes);
  return blocks;
}

TEST_CASE("stable writes arrive, through io_uring and through a thread") {
  for (const auto how : {StableWriter::How::kBest, StableWriter::How::kThread}) {
    Machine machine;
    StableWriter writer(*machine.driver, how);
    SystemDisk disk(machine.threads, writer);
    const TemporaryDirectory directory;
    const std::string path = directory.path + "/journal";
    const auto file = disk.open(path, {.create = true, .direct = true}).value();
    // More at a time than the ring takes, each of its own size and content.
    constexpr int kWrites = 20;
    const auto write_all = [](Loop* loop, File* into) -> Task<> {
      Scope writes(*loop);
      for (int i = 0; i < kWrites; ++i) {
        writes.spawn("write", into->write_stable(int64_t{i} * 4 * int64_t(kBlockBytes),
                                                 blocks_of(char('a' + i), size_t(1 + i % 4))));
      }
      co_await writes.join();
    };
    REQUIRE(machine.run(write_all(&machine.loop, file.get())));
    for (int i = 0; i < kWrites; ++i) {
      const size_t size = size_t(1 + i % 4) * kBlockBytes;
      std::string found(size, ' ');
      const MutableBytes into(reinterpret_cast<uint8_t*>(found.data()), size);
      const auto reader = machine.disk.open(path, {.read_only = true}).value();
      REQUIRE(reader->read_at(int64_t{i} * 4 * int64_t(kBlockBytes), into));
      CHECK(found == std::string(size, char('a' + i)));
    }
  }
}

TEST_CASE("a stable write that fails says which file") {
  for (const auto how : {StableWriter::How::kBest, StableWriter::How::kThread}) {
    Machine machine;
    StableWriter writer(*machine.driver, how);
    SystemDisk disk(machine.threads, writer);
    const TemporaryDirectory directory;
    const std::string path = directory.path + "/journal";
    REQUIRE(disk.open(path, {.create = true}));
    const auto file = disk.open(path, {.read_only = true, .direct = true}).value();
    const Result<> written = machine.run(file->write_stable(0, blocks_of('x', 1)));
    REQUIRE(!written);
    CHECK(written.error().message().find(path) != std::string::npos);
  }
}

TEST_CASE("a stable write goes on when nobody waits for it any more") {
  Machine machine;
  const TemporaryDirectory directory;
  const std::string path = directory.path + "/journal";
  {
    StableWriter writer(*machine.driver);
    SystemDisk disk(machine.threads, writer);
    const auto file = disk.open(path, {.create = true, .direct = true}).value();
    Scope given_up(machine.loop);
    given_up.spawn("write", file->write_stable(0, blocks_of('x', 2)));
  }
  CHECK(machine.disk.info(path).value().size % int64_t(kBlockBytes) == 0);
}

}  // namespace
}  // namespace millrace::runtime::os
