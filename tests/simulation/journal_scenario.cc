#include "tests/simulation/journal_scenario.h"

#include <fmt/core.h>
#include <algorithm>
#include <memory>

#include "simulation/nemesis.h"
#include "simulation/world.h"
#include "tests/simulation/journal_server.h"

namespace millrace::scenario {
namespace {

using runtime::Env;
using runtime::Socket;
using runtime::Task;
using simulation::Faults;
using simulation::Node;
using simulation::World;

constexpr Duration kAnswerTimeout = seconds(10);
constexpr Duration kCalmTimeout = seconds(300);  // for all that is open to end, once all is well
constexpr size_t kFillerBytesMax = 6'000;
constexpr int kProducers = 2;
constexpr int kReaders = 2;

// The record's number, then bytes that follow from it.
std::string payload_of(uint64_t record) {
  Random random(record);
  std::string payload(8 + random.below(kFillerBytesMax), '\0');
  for (char& c : payload) c = static_cast<char>(random.next());
  store_be64(reinterpret_cast<uint8_t*>(payload.data()), record);
  return payload;
}

struct Shared {
  World* world = nullptr;
  History history;
  uint64_t next_record = 1;
  bool stopping = false;
  int producing = 0;
};

class Client {
 public:
  Client(Env& env, Shared* shared, int32_t number)
      : env_(env), shared_(shared), number_(number), scope_(env.loop) {}

  void start_producing() {
    ++shared_->producing;
    scope_.spawn("produce", produce(this));
  }
  void start_reading() { scope_.spawn("read", read(this)); }

  /// The whole log, with everybody's patience.
  Task<Read> read_all() {
    Read log{.from = Offset(0), .log_start = Offset(0), .began = now()};
    while (true) {
      Result<Read> part =
          co_await as_result(read_from(this, log.from.value + std::ssize(log.records)));
      if (part) {
        for (ReadRecord& record : part->records) log.records.push_back(record);
        log.high_watermark = log.to = part->high_watermark;
        log.ended = now();
        if (std::ssize(log.records) >= log.high_watermark.value) co_return log;
      } else {
        co_await pause(std::move(part).error());
      }
    }
  }

 private:
  MonoTime now() const { return shared_->world->now(); }

  // Ends this task when it was cancelled; otherwise the connection is done for.
  Task<> pause(Error error) {
    socket_.reset();
    if (error.code() == Errc::kCancelled) co_await fail(std::move(error));
    co_await runtime::sleep_until(env_.loop.now() + milliseconds(100));
  }

  Task<Socket*> connected() {
    if (!socket_) socket_ = co_await env_.network.connect({"server", kJournalPort});
    co_return socket_.get();
  }

  static Task<> produce(Client* self) {
    while (!self->shared_->stopping) {
      const uint64_t record = self->shared_->next_record++;
      const std::string payload = payload_of(record);
      const SendNumber send =
          self->shared_->history.begin_send({.record = record,
                                             .producer = self->number_,
                                             .content = simulation::hash_of(payload),
                                             .size_max = std::ssize(payload) + 100,
                                             .began = self->now()});
      while (true) {
        Result<uint64_t> offset = co_await as_result(runtime::with_timeout(
            &self->env_.loop, kAnswerTimeout, append(self, record, &payload)));
        if (offset) {
          self->shared_->history.end_send(send, Outcome::kAcknowledged,
                                          Offset(static_cast<int64_t>(*offset)), self->now());
          break;
        }
        co_await self->pause(std::move(offset).error());
      }
      co_await runtime::sleep_until(self->env_.loop.now() + milliseconds(20));
    }
    --self->shared_->producing;
  }

  static Task<uint64_t> append(Client* self, uint64_t record, const std::string* payload) {
    Socket* socket = co_await self->connected();
    std::string request(17, '\0');
    auto* bytes = reinterpret_cast<uint8_t*>(request.data());
    bytes[0] = 1;
    store_be32(bytes + 1, static_cast<uint32_t>(self->number_));
    store_be64(bytes + 5, record);
    store_be32(bytes + 13, static_cast<uint32_t>(payload->size()));
    request += *payload;
    co_await runtime::write_all(socket, as_bytes(request));
    uint8_t answer[8];
    co_await runtime::read_exactly(socket, answer);
    co_return load_be64(answer);
  }

  static Task<> read(Client* self) {
    int64_t position = 0;
    while (true) {
      Result<Read> part = co_await as_result(
          runtime::with_timeout(&self->env_.loop, kAnswerTimeout, read_from(self, position)));
      if (part) {
        position = part->to.value;
        part->reader = self->number_;
        self->shared_->history.reads.push_back(*std::move(part));
        co_await runtime::sleep_until(self->env_.loop.now() + milliseconds(50));
      } else {
        co_await self->pause(std::move(part).error());
      }
    }
  }

  static Task<Read> read_from(Client* self, int64_t position) {
    Read read{.from = Offset(position), .log_start = Offset(0), .began = self->now()};
    Socket* socket = co_await self->connected();
    uint8_t request[9] = {2};
    store_be64(request + 1, static_cast<uint64_t>(position));
    co_await runtime::write_all(socket, request);
    uint8_t header[12];
    co_await runtime::read_exactly(socket, header);
    read.high_watermark = Offset(static_cast<int64_t>(load_be64(header)));
    for (uint32_t left = load_be32(header + 8); left > 0; --left) {
      uint8_t size[4];
      co_await runtime::read_exactly(socket, size);
      std::string payload(load_be32(size), '\0');
      const MutableBytes into(reinterpret_cast<uint8_t*>(payload.data()), payload.size());
      co_await runtime::read_exactly(socket, into);
      read.records.push_back(
          {.offset = Offset(position++),
           .record = payload.size() >= 8 ? load_be64(as_bytes(payload).data()) : 0,
           .content = simulation::hash_of(payload)});
    }
    read.to = Offset(position);
    read.ended = self->now();
    co_return read;
  }

  Env& env_;
  Shared* shared_;
  int32_t number_;
  std::unique_ptr<Socket> socket_;
  runtime::Scope scope_;
};

struct Bugs {
  bool check_crc = true;
  bool rewrite_tail = true;
};

Result<Bugs> plant(const std::string& name, Faults& faults) {
  Bugs bugs;
  if (name == "skip-sync") {
    faults.disk_sync_lie = 0.2;
  } else if (name == "skip-crc") {
    bugs.check_crc = false;
  } else if (name == "trust-cache") {
    bugs.rewrite_tail = false;
  } else if (!name.empty()) {
    return fail(Errc::kInvalidSetting, fmt::format("journal has no bug \"{}\" to plant", name));
  }
  return bugs;
}

// Everything is well again: what is open must end, and then nothing may be missing.
void conclude(World& world, Node& server, Shared& shared, Report& report) {
  shared.stopping = true;
  if (!world.run_until([&] { return shared.producing == 0; }, kCalmTimeout)) {
    report.add("progress", "a producer had no answer although all was well for five minutes");
  }
  server.crash();
  server.start();
  Node& auditor = world.add_node("auditor");
  Client* reader = nullptr;
  auditor.start([&](Env& env) {
    auto client = std::make_shared<Client>(env, &shared, -1);
    reader = client.get();
    return client;
  });
  Result<Read> log = world.run(auditor, reader->read_all(), kCalmTimeout);
  if (log) {
    shared.history.final_logs[0] = *std::move(log);
  } else {
    report.add("progress", "the log cannot be read: " + log.error().message());
  }
}

Result<RunReport> run(const RunOptions& options) {
  Faults faults = Faults::draw(Random(options.seed));
  for (const auto& [name, value] : options.faults) TRY(faults.set(name, value));
  const Bugs bugs = TRY(plant(options.plant, faults));

  Shared shared;
  World world(options.seed, faults);
  shared.world = &world;
  world.timeline().trace().keep(options.trace_events_max);
  world.set_log_level(options.keep_log ? std::optional(LogLevel::kDebug) : std::nullopt);
  shared.history.add_partition({.topic = "journal"});

  Node& server = world.add_node("server");
  simulation::Nemesis nemesis(world, {&server}, [&](std::string_view what, Node& victim) {
    shared.history.marks.push_back({world.now(), fmt::format("{} {}", victim.name(), what)});
  });
  const auto exit = [&] {
    world.at(world.now(), [&] {
      if (!server.running()) return;
      server.kill();
      nemesis.restart_later(server);
    });
  };
  server.start([&](Env& env) {
    return std::make_shared<JournalServer>(
        env, JournalOptions{
                 .check_crc = bugs.check_crc, .rewrite_tail = bugs.rewrite_tail, .exit = exit});
  });
  for (int32_t i = 0; i < kProducers + kReaders; ++i) {
    world.add_node(fmt::format("client-{}", i)).start([&shared, i](Env& env) {
      auto client = std::make_shared<Client>(env, &shared, i);
      i < kProducers ? client->start_producing() : client->start_reading();
      return client;
    });
  }

  RunReport report{.faults = faults.to_string()};
  nemesis.start();
  world.run_for(options.length);
  nemesis.stop();
  Report progress;
  conclude(world, server, shared, progress);

  report.broken = check_all(shared.history);
  for (const Violation& violation : progress.violations()) {
    report.broken.add(violation.rule, violation.text);
  }
  report.trace_hash = world.trace_hash();
  report.trace_events = world.timeline().trace().count();
  report.trace = world.timeline().trace().kept();
  report.log = world.log_text();
  report.counts["records acknowledged"] = std::ssize(shared.history.final_logs[0].records);
  report.counts["reads"] = std::ssize(shared.history.reads);
  report.counts["episodes"] = static_cast<int64_t>(nemesis.episodes());
  report.counts["disk errors"] = static_cast<int64_t>(server.disk().counts().errors);
  return report;
}

}  // namespace

Scenario journal_scenario() {
  return {.name = "journal",
          .sentence = "a toy server that appends, syncs and answers: proves the harness",
          .plants = {{"skip-sync", "one sync in five saves nothing"},
                     {"skip-crc", "recovery believes any bytes"},
                     {"trust-cache", "recovery believes that what it can read is on the platter"}},
          .run = run};
}

}  // namespace millrace::scenario
