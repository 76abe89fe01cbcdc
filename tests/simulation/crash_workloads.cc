#include "tests/simulation/crash_workloads.h"

#include <fmt/core.h>

namespace millrace::scenario {
namespace {

using runtime::Task;
using Configs = std::vector<std::pair<std::string, std::string>>;

constexpr int kPlain = ScriptClient::kPlainProducer;

client::NewTopic topic(std::string name, int32_t partitions, Configs configs = {}) {
  return {.name = std::move(name), .partitions = partitions, .configs = std::move(configs)};
}

// Small batches of three producers to several partitions, side by side; then large ones, alone and
// with small ones beside them.
Task<> produce(ScriptClient* client) {
  co_await client->create(topic("small", 3));
  co_await client->create(topic("large", 1));
  for (int round = 0; round < 3; ++round) {
    for (int32_t partition = 0; partition < 3; ++partition) {
      co_await client->produce({.topic = "small", .partition = partition, .records = 1 + round});
      co_await client->produce({.topic = "small", .partition = partition, .producer = 1});
      co_await client->produce(
          {.topic = "small", .partition = partition, .bytes = 1'500, .producer = kPlain});
    }
    co_await client->flush();
  }
  for (int round = 0; round < 2; ++round) {
    co_await client->produce({.topic = "large", .records = 3, .bytes = 100'000});
    co_await client->produce({.topic = "small", .partition = round, .producer = 1});
    co_await client->flush();
  }
  co_await client->produce({.topic = "large", .records = 2, .bytes = 30'000, .producer = 1});
  co_await client->flush();
}

// More than the journal's files can hold, so that they are let go and used again; some batches are
// too large for them.
Task<> recycle(ScriptClient* client) {
  co_await client->create(topic("recycled", 3));
  for (int round = 0; round < 14; ++round) {
    co_await client->produce({.topic = "recycled", .records = 2, .bytes = 5'000});
    co_await client->produce({.topic = "recycled", .partition = 1, .bytes = 9'000, .producer = 1});
    if (round % 4 == 3) {
      co_await client->produce({.topic = "recycled", .partition = 1, .bytes = 40'000});
      co_await client->produce({.topic = "recycled", .partition = 2, .producer = 1});
    }
    co_await client->flush();
  }
}

// Segments of a few batches: rolling, and the snapshots of producers that come with it.
Task<> roll(ScriptClient* client) {
  co_await client->create(topic("rolling", 2, {{"internal.segment.bytes", "4000"}}));
  for (int round = 0; round < 10; ++round) {
    co_await client->produce({.topic = "rolling", .records = 2, .bytes = 700});
    co_await client->produce({.topic = "rolling", .partition = 1, .bytes = 900, .producer = 1});
    co_await client->flush();
  }
}

// Old and superfluous segments go, in two steps; checkpoints of where logs begin are written.
Task<> retention(ScriptClient* client) {
  const Configs small = {{"internal.segment.bytes", "4000"}};
  Configs bounded = small;
  bounded.emplace_back("retention.bytes", "6000");
  Configs aging = small;
  aging.emplace_back("retention.ms", "800");
  co_await client->create(topic("bounded", 1, bounded), {.retention_bytes = 6000});
  co_await client->create(topic("aging", 1, aging), {.retention = milliseconds(800)});
  for (int round = 0; round < 2; ++round) {
    for (int batch = 0; batch < 5; ++batch) {
      co_await client->produce({.topic = "bounded", .records = 2, .bytes = 700});
      co_await client->produce({.topic = "aging", .records = 2, .bytes = 700});
      co_await client->flush();
    }
    co_await client->pause(milliseconds(1'800));
    co_await client->read();
  }
}

// Values that others replace, and tombstones; the cleaner swaps segments for smaller ones.
Task<> compaction(ScriptClient* client) {
  co_await client->create(topic("keyed", 1,
                                {{"cleanup.policy", "compact"},
                                 {"internal.segment.bytes", "3000"},
                                 {"min.cleanable.dirty.ratio", "0.01"},
                                 {"delete.retention.ms", "500"}}),
                          {.compacts = true, .delete_retention = milliseconds(500)}, true);
  for (int round = 0; round < 3; ++round) {
    for (int batch = 0; batch < 4; ++batch) {
      co_await client->produce({.topic = "keyed", .records = 4, .bytes = 300, .first_key = batch});
      co_await client->produce({.topic = "keyed",
                                .records = 1,
                                .producer = 1,
                                .first_key = 9,
                                .tombstones = batch == 1});
      co_await client->flush();
    }
    co_await client->pause(milliseconds(1'200));
  }
  co_await client->read();
}

// Topics that come, go and come again under the same name; so many changes that the metadata are
// written anew.
Task<> topics(ScriptClient* client) {
  co_await client->create(topic("lasting", 1));
  for (int round = 0; round < 2; ++round) {
    co_await client->create(topic("passing", 2));
    for (int32_t partition = 0; partition < 2; ++partition) {
      co_await client->produce(
          {.topic = "passing", .partition = partition, .records = 2 + round, .producer = round});
    }
    co_await client->produce({.topic = "lasting", .producer = round});
    co_await client->flush();
    co_await client->configure("lasting", {{"retention.ms", std::to_string(500'000 + round)}});
    co_await client->remove("passing");
  }
  co_await client->create(topic("passing", 1));
  co_await client->grow("passing", 3);
  co_await client->produce({.topic = "passing", .partition = 2, .producer = 2});
  co_await client->flush();
  co_await client->pause(seconds(1));
}

// DeleteRecords: what is asked for stays gone.
Task<> trim(ScriptClient* client) {
  co_await client->create(topic("trimmed", 1, {{"internal.segment.bytes", "3000"}}));
  for (int round = 0; round < 3; ++round) {
    for (int batch = 0; batch < 3; ++batch) {
      co_await client->produce({.topic = "trimmed", .records = 2, .bytes = 600});
      co_await client->flush();
    }
    co_await client->trim("trimmed", 0, Offset(6 * round + 4));
    co_await client->read();
  }
  co_await client->trim("trimmed", 0, Offset(18));
  co_await client->produce({.topic = "trimmed", .records = 2, .bytes = 600});
  co_await client->flush();
  co_await client->pause(seconds(2));
}

// Committed offsets, in so small segments that they are compacted.
Task<> groups(ScriptClient* client) {
  co_await client->create(topic("read", 2));
  for (int round = 0; round < 6; ++round) {
    co_await client->produce({.topic = "read", .partition = round % 2, .records = 3});
    co_await client->flush();
    for (const char* group : {"first", "second"}) {
      co_await client->read(group);
      co_await client->commit(group);
    }
    if (round > 0) continue;
    co_await client->configure("__consumer_offsets", {{"internal.segment.bytes", "1000"},
                                                      {"min.cleanable.dirty.ratio", "0.01"}});
  }
  co_await client->pause(milliseconds(1'500));
}

// Checkpoints by the clock, and a stop in order with a start after it.
Task<> stop(ScriptClient* client) {
  co_await client->create(topic("stopped", 2, {{"internal.segment.bytes", "5000"}}));
  for (int round = 0; round < 2; ++round) {
    for (int batch = 0; batch < 3; ++batch) {
      co_await client->produce({.topic = "stopped", .records = 2, .bytes = 900});
      co_await client->produce({.topic = "stopped", .partition = 1, .producer = 1});
      co_await client->flush();
    }
    co_await client->read("group");
    co_await client->commit("group");
    if (round == 0) co_await client->pause(milliseconds(2'500));
    co_await client->restart_server();
  }
  co_await client->produce({.topic = "stopped", .records = 1});
  co_await client->flush();
}

}  // namespace

const std::vector<CrashWorkload>& crash_workloads() {
  static const std::vector<CrashWorkload> all = {
      {"produce", "small and large batches, several producers and partitions", produce},
      {"recycle", "files of the journal that are let go and used again", recycle},
      {"roll", "segments that are rolled, with snapshots of producers", roll},
      {"retention", "segments that are too old or too many", retention},
      {"compaction", "keys that are written again, and tombstones", compaction},
      {"topics", "topics that are deleted and made again; metadata snapshots", topics},
      {"trim", "DeleteRecords", trim},
      {"groups", "committed offsets, compacted", groups},
      {"stop", "checkpoints, a stop in order and the start after it", stop},
  };
  return all;
}

const CrashWorkload* find_crash_workload(std::string_view name) {
  for (const CrashWorkload& workload : crash_workloads()) {
    if (workload.name == name) return &workload;
  }
  return nullptr;
}

}  // namespace millrace::scenario
