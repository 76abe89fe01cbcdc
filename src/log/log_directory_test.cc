#include "log/log_directory.h"

#include "log/log_testing.h"

#include "base/testing.h"

namespace millrace::log {
namespace {

using namespace millrace::log::testing;  // NOLINT: the vocabulary of these tests

std::string text(LogWorld& world, const std::string& path) {
  return *runtime::read_file(world.disk(), path, 1 << 20);
}
void write(LogWorld& world, const std::string& path, std::string_view content) {
  REQUIRE(runtime::write_file_atomically(world.disk(), path, content));
}
Errc refused(LogWorld& world) {
  const Result<> started = world.start();
  return started ? Errc::kNone : started.error().code();
}

TEST_CASE("an empty directory is formatted, and found again") {
  LogWorld world;
  REQUIRE(world.start());
  CHECK(world.directory().meta() == *standard_options().format);
  CHECK(!world.directory().was_clean());
  REQUIRE(world.close());
  world.options().format.reset();
  REQUIRE(world.start());
  CHECK(world.directory().meta().cluster_id == "test-cluster");
}

TEST_CASE("a directory that was never formatted is refused when nothing says what it is for") {
  LogWorld world;
  world.options().format.reset();
  CHECK(refused(world) == Errc::kForeignDirectory);
}

TEST_CASE("a directory of another node or cluster, or of a newer version, is refused") {
  LogWorld world;
  REQUIRE(world.start());
  REQUIRE(world.close());
  world.options().node_id = BrokerId(2);
  CHECK(refused(world) == Errc::kForeignDirectory);
  world.node().kill();
  world.options().node_id = BrokerId(1);
  world.options().cluster_id = "another";
  CHECK(refused(world) == Errc::kForeignDirectory);
  world.node().kill();
  world.options().cluster_id = "test-cluster";
  write(world, "data/meta.properties", "version=2\n");
  CHECK(refused(world) == Errc::kNewerFormat);
  world.node().kill();
  write(world, "data/meta.properties", "version=1\n");
  CHECK(refused(world) == Errc::kCorruptFile);
}

TEST_CASE("partitions without meta.properties are not formatted over") {
  LogWorld world;
  REQUIRE(world.start());
  REQUIRE(put(world.create(), {"a"}));
  REQUIRE(world.close());
  REQUIRE(world.disk().remove("data/meta.properties"));
  const Result<> started = world.start();
  REQUIRE(!started);
  CHECK(started.error().code() == Errc::kForeignDirectory);
  CHECK(started.error().detail().find("orders-0") != std::string::npos);
}

TEST_CASE("two processes on one directory: the second is refused") {
  LogWorld world;
  REQUIRE(world.start());
  const auto second = LogDirectory::open(world.node().env(), standard_options());
  REQUIRE(!second.has_value());
  CHECK(second.error().code() == Errc::kLocked);
}

TEST_CASE("a partition that was never written takes nothing of the disk") {
  LogWorld world;
  REQUIRE(world.start());
  PartitionLog& log = world.create();
  log.begin_leader_epoch(LeaderEpoch(3));
  world.run_for(seconds(100));
  REQUIRE(world.restart());
  world.run_for(seconds(100));
  CHECK(!world.disk().info("data/orders-0"));
  REQUIRE(put(world.log(), {"a"}));
  REQUIRE(world.restart());
  CHECK(read_records(world.log())->size() == 1);
  world.create({"gone", PartitionIndex(0)}, TopicId{Uuid{3, 3}});
  REQUIRE(world.remove({"gone", PartitionIndex(0)}));
  CHECK(!world.has({"gone", PartitionIndex(0)}));
}

TEST_CASE("an orderly stop leaves a plain Kafka directory") {
  LogWorld world;
  world.config().segment_bytes = 300;
  REQUIRE(world.start());
  world.create();
  world.create({"empty", PartitionIndex(3)}, TopicId{Uuid{1, 2}});
  for (int i = 0; i < 3; ++i) {
    REQUIRE(put(world.log(), {std::string(150, 'x')}, 1000 + i));
  }
  REQUIRE(world.durable(world.log()));
  REQUIRE(world.log().delete_records_before(Offset(1)));
  world.run_for(seconds(100));
  REQUIRE(world.close(77));
  CHECK(world.files("data") ==
        std::vector<std::string>{".kafka_cleanshutdown", ".lock", "cleaner-offset-checkpoint",
                                 "log-start-offset-checkpoint", "meta.properties", "orders-0",
                                 "recovery-point-offset-checkpoint",
                                 "replication-offset-checkpoint"});
  CHECK(world.files() ==
        std::vector<std::string>{"00000000000000000001.index", "00000000000000000001.log",
                                 "00000000000000000001.snapshot", "00000000000000000001.timeindex",
                                 "00000000000000000002.index", "00000000000000000002.log",
                                 "00000000000000000002.snapshot", "00000000000000000002.timeindex",
                                 "00000000000000000003.snapshot", "leader-epoch-checkpoint",
                                 "partition.metadata"});
  CHECK(text(world, "data/.kafka_cleanshutdown") == R"({"version":0,"brokerEpoch":77})");
  CHECK(text(world, "data/recovery-point-offset-checkpoint") == "0\n1\norders 0 3\n");
  CHECK(text(world, "data/replication-offset-checkpoint") == "0\n1\norders 0 3\n");
  CHECK(text(world, "data/log-start-offset-checkpoint") == "0\n1\norders 0 1\n");
  CHECK(text(world, "data/orders-0/leader-epoch-checkpoint") == "0\n1\n0 1\n");
  CHECK(text(world, "data/orders-0/00000000000000000002.timeindex").size() == 12);
  CHECK(text(world, "data/orders-0/00000000000000000002.index").empty());
}

TEST_CASE("after an orderly stop nothing is scanned and the broker epoch is known, once") {
  LogWorld world;
  REQUIRE(world.start());
  world.create();
  for (int i = 0; i < 100; ++i) REQUIRE(put(world.log(), {std::string(1000, 'x')}));
  REQUIRE(world.close(77));
  world.node().start(
      [&](runtime::Env& env) { return std::make_shared<LogServer>(env, world.options()); });
  world.node().kill();
  // Looking at it has not changed it; loading does.
  CHECK(world.disk().info("data/.kafka_cleanshutdown").has_value());
  REQUIRE(world.start());
  CHECK(world.directory().was_clean());
  CHECK(world.directory().previous_broker_epoch() == 77);
  CHECK(!world.disk().info("data/.kafka_cleanshutdown"));
  world.node().kill();
  REQUIRE(world.start());
  CHECK(!world.directory().was_clean());
  CHECK(read_records(world.log())->size() == 100);
}

TEST_CASE("loading tells how far it is") {
  LogWorld world;
  REQUIRE(world.start());
  for (int i = 0; i < 5; ++i) {
    PartitionLog& log = world.create({"t", PartitionIndex(i)}, TopicId{Uuid{1, 1}});
    REQUIRE(put(log, {"x"}));
    REQUIRE(world.durable(log));
  }
  world.run_for(milliseconds(100));  // the names of the files are stable too
  world.node().crash();
  LogServer* server = nullptr;
  world.node().start([&](runtime::Env& env) {
    auto made = std::make_shared<LogServer>(env, world.options());
    server = made.get();
    return made;
  });
  std::vector<size_t> done;
  int64_t scanned = 0;
  runtime::Task<> load =
      (*server->opened)
          ->load(
              [&](const TopicPartition&) { return LogDirectory::Facts{world.shared_config(), {}}; },
              [&](const LoadProgress& progress) {
                done.push_back(progress.partitions_done);
                CHECK(progress.partitions_total == 5);
                scanned = progress.bytes_scanned;
              });
  REQUIRE(world.world().run(world.node(), std::move(load)));
  CHECK(done == std::vector<size_t>{0, 1, 2, 3, 4, 5});
  CHECK(scanned > 0);
}

TEST_CASE("creating a partition that is there gives it back; another topic id is refused") {
  LogWorld world;
  REQUIRE(world.start());
  PartitionLog& log = world.create();
  CHECK(&world.create() == &log);
  const auto other = world.directory().create(kOrders, TopicId{Uuid{8, 8}}, world.shared_config());
  REQUIRE(!other.has_value());
  CHECK(other.error().code() == Errc::kInconsistentTopicId);
  REQUIRE(world.restart());
  CHECK(world.log().topic_id() == kOrdersId);
}

TEST_CASE("a removed partition is gone at once, its files after a while, and its name is free") {
  LogWorld world;
  world.config().file_delete_delay_ms = seconds(60);
  REQUIRE(world.start());
  const std::shared_ptr<PartitionLog> old = world.create().shared_from_this();
  REQUIRE(put(*old, {"a"}));
  REQUIRE(world.remove(kOrders));
  CHECK(!world.has(kOrders));
  CHECK(old->read(Offset(0), {.bound = ReadBound::kLogEnd}).error().code() ==
        Errc::kKafkaStorageError);
  CHECK(put(*old, {"b"}).error().error.code() == Errc::kKafkaStorageError);
  CHECK(world.remove(kOrders).error().code() == Errc::kUnknownTopicOrPartition);
  const auto away = [&] {
    size_t count = 0;
    for (const std::string& name : world.files("data")) count += name.ends_with("-delete");
    return count;
  };
  CHECK(away() == 1);
  PartitionLog& fresh = world.create(kOrders, TopicId{Uuid{9, 9}});
  CHECK(fresh.log_end_offset() == Offset(0));
  world.run_for(seconds(30));
  CHECK(away() == 1);
  world.run_for(seconds(40));
  CHECK(away() == 0);
  CHECK(world.has(kOrders));
}

TEST_CASE("offsets that went with a partition's directory are not given out again") {
  for (const bool orderly : {true, false}) {
    CAPTURE(orderly);
    LogWorld world;
    REQUIRE(world.start());
    REQUIRE(put(world.create(), {"a", "b", "c"}));
    REQUIRE(world.durable(world.log()));
    REQUIRE(world.run(world.directory().write_checkpoints()));
    if (orderly) {
      REQUIRE(world.close());
    } else {
      world.node().kill();
    }
    REQUIRE(runtime::remove_tree(world.disk(), "data/orders-0"));
    REQUIRE(world.start());
    PartitionLog& log = world.log();
    CHECK(world.world().log_text().find("offsets 0 to 2 are lost: its directory is gone") !=
          std::string::npos);
    CHECK(log.log_start_offset() == Offset(3));
    CHECK(put(log, {"d"})->first_offset == Offset(3));
    REQUIRE(world.restart());
    CHECK(world.log().log_end_offset() == Offset(4));
  }
}

TEST_CASE("what only the journal knows of large batches counts for a partition that is lost") {
  for (const bool whole_directory : {true, false}) {
    CAPTURE(whole_directory);
    LogWorld world;
    REQUIRE(world.start());
    world.create();
    for (const size_t bytes : {300'000, 300'000, 1}) {
      REQUIRE(put(world.log(), {std::string(bytes, 'x')}));
      REQUIRE(world.durable(world.log()));
      if (world.log().log_end_offset() == Offset(1)) {
        REQUIRE(world.run(world.directory().write_checkpoints()));
      }
    }
    world.node().kill();
    if (whole_directory) {
      REQUIRE(runtime::remove_tree(world.disk(), "data/orders-0"));
    } else {
      for (const std::string& file : world.files()) {
        if (file.starts_with('0')) REQUIRE(world.disk().remove("data/orders-0/" + file));
      }
    }
    REQUIRE(world.start());
    CHECK(world.log().log_end_offset().value == 3);
    CHECK(world.log().log_start_offset().value == 2);
    CHECK(values_of(*read_records(world.log(), Offset(2))) == std::vector<std::string>{"x"});
    CHECK(put(world.log(), {"d"})->first_offset == Offset(3));
  }
}

TEST_CASE("a partition that is lost and has no room to go on does not begin anew") {
  LogWorld world;
  REQUIRE(world.start());
  REQUIRE(put(world.create(), {"a", "b", "c"}));
  REQUIRE(world.close());
  REQUIRE(runtime::remove_tree(world.disk(), "data/orders-0"));
  world.disk().set_full(true);
  CHECK(!world.start());  // no room for its directory
  CHECK(world.directory().unloadable().contains(kOrders));
  world.disk().set_full(false);
  REQUIRE(world.restart());
  CHECK(world.log().log_end_offset() == Offset(3));
}

TEST_CASE("a topic of the name of one that was removed begins at 0, whenever the server dies") {
  for (int waited = 0; waited < 80; waited += 5) {
    CAPTURE(waited);
    LogWorld world;
    REQUIRE(world.start());
    REQUIRE(put(world.create(), {"a"}));
    REQUIRE(world.run(world.directory().write_checkpoints()));
    REQUIRE(world.remove(kOrders));
    world.run_for(seconds(waited));
    world.node().kill();
    world.expect(kOrders, TopicId{Uuid{9, 9}});
    REQUIRE(world.start());
    CHECK(world.log().log_end_offset() == Offset(0));
  }
}

TEST_CASE("what was deleted of a removed topic says nothing of the one that has its name now") {
  for (const std::string& topic : {std::string("orders"), std::string(240, 'x')}) {
    for (int waited = 0; waited < 80; waited += 5) {
      CAPTURE(topic);
      CAPTURE(waited);
      const TopicPartition name{topic, PartitionIndex(0)};
      const TopicId anew{Uuid{9, 9}};
      LogWorld world;
      REQUIRE(world.start());
      REQUIRE(put(world.create(name), {"a", "b", "c", "d"}));
      REQUIRE(world.durable(world.log(name)));
      REQUIRE(world.log(name).delete_records_before(Offset(3)));
      REQUIRE(world.run(world.directory().write_checkpoints()));
      REQUIRE(world.remove(name));
      REQUIRE(put(world.create(name, anew), {"e", "f", "g", "h", "i"}));
      REQUIRE(world.durable(world.log(name)));
      world.run_for(seconds(waited));
      world.node().kill();
      REQUIRE(world.start());
      CHECK(values_of(*read_records(world.log(name))).size() == 5);
      CHECK(world.log(name).log_start_offset() == Offset(0));
    }
  }
}

TEST_CASE("a removed partition gives its room back although no checkpoint can be written") {
  LogWorld world;
  REQUIRE(world.start());
  REQUIRE(put(world.create(), {"a"}));
  REQUIRE(world.run(world.directory().write_checkpoints()));
  REQUIRE(world.remove(kOrders));
  world.disk().set_full(true);
  world.run_for(seconds(100));
  std::string away;
  for (const std::string& file : world.files("data")) {
    if (file.ends_with("-delete")) away = "data/" + file;
  }
  REQUIRE(!away.empty());
  CHECK(world.files(away).empty());
  world.node().kill();
  world.disk().set_full(false);
  world.expect(kOrders, TopicId{Uuid{9, 9}});
  REQUIRE(world.start());
  CHECK(world.log().log_end_offset() == Offset(0));
  world.run_for(seconds(5));
  CHECK(!world.disk().info(away));
}

TEST_CASE("a removed partition goes although others are written all the time") {
  LogWorld world;
  REQUIRE(world.start());
  REQUIRE(put(world.create(), {"a"}));
  const TopicPartition busy{"busy", PartitionIndex(0)};
  PartitionLog& written = world.create(busy, TopicId{Uuid{5, 5}});
  REQUIRE(world.remove(kOrders));
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(put(written, {"b"}));
    world.run_for(milliseconds(100));
  }
  for (const std::string& name : world.files("data")) CHECK(!name.ends_with("-delete"));
}

TEST_CASE("a partition on its way out goes at the next start") {
  LogWorld world;
  REQUIRE(world.start());
  REQUIRE(put(world.create(), {"a"}));
  REQUIRE(world.remove(kOrders));
  REQUIRE(world.restart());
  world.run_for(seconds(1));
  CHECK(!world.has(kOrders));
  for (const std::string& name : world.files("data")) CHECK(!name.ends_with("-delete"));
}

TEST_CASE("a replica that the cluster does not know is set aside and left alone") {
  LogWorld world;
  REQUIRE(world.start());
  REQUIRE(put(world.create(), {"a"}));
  REQUIRE(world.directory().set_aside(kOrders));
  world.forget();
  REQUIRE(world.restart());
  CHECK(!world.has(kOrders));
  size_t strays = 0;
  for (const std::string& name : world.files("data")) strays += name.ends_with("-stray");
  CHECK(strays == 1);
}

TEST_CASE("foreign files and directories are named in the log and left alone") {
  LogWorld world;
  REQUIRE(world.start());
  REQUIRE(world.close());
  REQUIRE(world.disk().make_directory("data/lost+found"));
  write(world, "data/notes.txt", "mine");
  REQUIRE(world.start());
  CHECK(world.world().log_text().find("data/lost+found is no partition's directory") !=
        std::string::npos);
  CHECK(world.disk().info("data/notes.txt").has_value());
}

TEST_CASE("a partition that cannot be loaded is reported; the others serve") {
  LogWorld world;
  REQUIRE(world.start());
  REQUIRE(put(world.create(), {"a"}));
  REQUIRE(put(world.create({"good", PartitionIndex(0)}, TopicId{Uuid{3, 3}}), {"a"}));
  REQUIRE(world.close());
  write(world, "data/orders-0/partition.metadata", "version: 9\ntopic_id: x");
  REQUIRE(world.start());
  CHECK(!world.has(kOrders));
  CHECK(world.has({"good", PartitionIndex(0)}));
  REQUIRE(world.directory().unloadable().contains(kOrders));
  CHECK(world.directory().unloadable().at(kOrders).code() == Errc::kNewerFormat);
  CHECK(world.directory().create(kOrders, kOrdersId, world.shared_config()).error().code() ==
        Errc::kKafkaStorageError);
  REQUIRE(world.close());
  CHECK(!world.disk().info("data/.kafka_cleanshutdown"));
}

TEST_CASE("a partition that cannot be loaded keeps what checkpoints say of it") {
  LogWorld world;
  REQUIRE(world.start());
  PartitionLog& log = world.create();
  for (int i = 0; i < 4; ++i) REQUIRE(put(log, {"a record"}));
  REQUIRE(world.durable(log));
  REQUIRE(log.delete_records_before(Offset(3)));
  REQUIRE(world.close());
  const std::string metadata = text(world, "data/orders-0/partition.metadata");
  write(world, "data/orders-0/partition.metadata", "version: 9\ntopic_id: x\n");
  REQUIRE(world.start());
  REQUIRE(world.directory().unloadable().contains(kOrders));
  REQUIRE(world.close());
  write(world, "data/orders-0/partition.metadata", metadata);
  REQUIRE(world.start());
  CHECK(world.log().log_start_offset() == Offset(3));
}

TEST_CASE("damaged checkpoints only cost work") {
  LogWorld world;
  REQUIRE(world.start());
  REQUIRE(put(world.create(), {"a", "b"}));
  REQUIRE(world.close());
  for (const char* name : {"recovery-point-offset-checkpoint", "log-start-offset-checkpoint",
                           "replication-offset-checkpoint", "cleaner-offset-checkpoint"}) {
    write(world, std::string("data/") + name, "0\n7\ngarbage");
  }
  REQUIRE(world.start());
  CHECK(read_records(world.log())->size() == 2);
  CHECK(world.log().high_watermark() == Offset(2));
}

TEST_CASE("a directory without its marker of a topic gets it when the topic is known") {
  LogWorld world;
  REQUIRE(world.start());
  REQUIRE(put(world.create(), {"a"}));
  REQUIRE(world.close());
  REQUIRE(world.disk().remove("data/orders-0/partition.metadata"));
  world.forget();
  REQUIRE(world.start());
  CHECK(world.log().topic_id().is_zero());
  CHECK(world.create().topic_id() == kOrdersId);
  CHECK(read_records(world.log())->size() == 1);
  REQUIRE(world.restart());
  CHECK(world.log().topic_id() == kOrdersId);
}

TEST_CASE("an idle server with many partitions opens nothing, syncs nothing and does not wake") {
  LogWorld world;
  REQUIRE(world.start());
  for (int i = 0; i < 200; ++i) {
    world.create({"t", PartitionIndex(i)}, TopicId{Uuid{1, 1}});
  }
  REQUIRE(put(world.log({"t", PartitionIndex(5)}), {"x"}, world.now().ms));
  world.run_for(seconds(200));
  const auto counts = world.disk().counts();
  const uint64_t turns = world.node().turns();
  world.run_for(seconds(3000));
  CHECK(world.disk().counts().syncs == counts.syncs);
  CHECK(world.disk().counts().writes == counts.writes);
  CHECK(world.node().turns() - turns <= 12);  // the wall clock is looked at every five minutes
}

TEST_CASE("no more segments are open than allowed, and all can be used") {
  LogDirectoryOptions options = standard_options();
  options.open_segments_max = 3;
  LogWorld world(1, options);
  REQUIRE(world.start());
  const auto name = [](int i) { return TopicPartition{"t", PartitionIndex(i)}; };
  for (int i = 0; i < 20; ++i) world.create(name(i), TopicId{Uuid{1, 1}});
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 20; ++i) {
      REQUIRE(put(world.log(name(i)), {fmt::format("{} {}", i, round)}));
    }
  }
  world.run_for(seconds(1));  // what is not stable stays open until then
  CHECK(world.directory().open_segments() <= 3);
  for (int i = 0; i < 20; ++i) {
    const auto records = read_records(world.log(name(i)));
    REQUIRE(records->size() == 5);
    CHECK(records->back().value == fmt::format("{} 4", i));
  }
  REQUIRE(world.restart());
  for (int i = 0; i < 20; ++i) CHECK(read_records(world.log(name(i)))->size() == 5);
}

// Puts a record, as a producer does who heeds that there is no room.
runtime::Task<> wait_for_room(LogDirectory* directory) {
  while (!directory->has_room()) co_await directory->room().wait();
}
void put_when_welcome(LogWorld& world, const TopicPartition& name, const std::string& value) {
  REQUIRE(world.run(wait_for_room(&world.directory())));
  REQUIRE(put(world.log(name), {value}));
}

TEST_CASE("few descriptors are enough for many partitions: to write, to recover, to close") {
  LogWorld world;
  world.disk().set_open_files_max(128);
  REQUIRE(world.start());
  const auto name = [](int i) { return TopicPartition{"t", PartitionIndex(i)}; };
  constexpr int kPartitions = 600;
  for (int i = 0; i < kPartitions; ++i) world.create(name(i), TopicId{Uuid{1, 1}});
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < kPartitions; ++i) {
      put_when_welcome(world, name(i), fmt::format("{} {}", i, round));
    }
  }
  for (int i = 0; i < kPartitions; ++i) REQUIRE(world.durable(world.log(name(i))));
  REQUIRE(world.crash());
  REQUIRE(world.restart());
  CHECK(world.directory().was_clean());
  for (int i = 0; i < kPartitions; ++i) {
    CHECK(world.log(name(i)).failure() == nullptr);
    const auto records = read_records(world.log(name(i)));
    REQUIRE(records->size() == 3);
    CHECK(records->back().value == fmt::format("{} 2", i));
  }
}

TEST_CASE("whoever waits for room is woken, however few descriptors there are") {
  LogWorld world;
  world.disk().set_open_files_max(48);
  REQUIRE(world.start());
  const auto name = [](int i) { return TopicPartition{"t", PartitionIndex(i)}; };
  for (int i = 0; i < 40; ++i) world.create(name(i), TopicId{Uuid{1, 1}});
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 40; ++i) put_when_welcome(world, name(i), "x");
  }
  for (int i = 0; i < 40; ++i) REQUIRE(world.durable(world.log(name(i))));
}

TEST_CASE(
    "of more partitions than descriptors some are refused in one turn, and have theirs later") {
  LogWorld world;
  world.disk().set_open_files_max(64);
  REQUIRE(world.start());
  const auto name = [](int i) { return TopicPartition{"t", PartitionIndex(i)}; };
  std::vector<int> waiting;
  for (int i = 0; i < 200; ++i) {
    world.create(name(i), TopicId{Uuid{1, 1}});
    waiting.push_back(i);
  }
  int rounds = 0;
  for (; !waiting.empty() && rounds < 50; ++rounds) {
    std::erase_if(waiting, [&](int i) {
      const ProduceResult written = put(world.log(name(i)), {std::string(250'000, 'x')});
      if (!written) REQUIRE(written.error().error.code() == Errc::kOverloaded);
      return written.has_value();
    });
    world.run_for(seconds(1));
  }
  CHECK(waiting.empty());
  CHECK(rounds > 1);
  for (int i = 0; i < 200; ++i) REQUIRE(world.durable(world.log(name(i))));
}

TEST_CASE("a log start beyond the end costs no record: the partition waits for a person") {
  for (const std::string start : {"999999", "9223372036854775807"}) {
    CAPTURE(start);
    LogWorld world;
    REQUIRE(world.start());
    REQUIRE(put(world.create(), {"a"}));
    REQUIRE(put(world.log(), {"b"}));
    REQUIRE(world.close());
    const std::string file = "data/log-start-offset-checkpoint";
    REQUIRE(runtime::write_file_atomically(world.disk(), file, "0\n1\norders 0 " + start + "\n"));
    REQUIRE(world.start());
    REQUIRE(world.directory().unloadable().contains(kOrders));
    const std::string why = world.directory().unloadable().at(kOrders).message();
    CHECK(why.find("take the partition's line out") != std::string::npos);
    REQUIRE(world.close());
    REQUIRE(runtime::write_file_atomically(world.disk(), file, "0\n0\n"));
    REQUIRE(world.start());
    CHECK(read_records(world.log())->size() == 2);
  }
}

TEST_CASE("without a descriptor appends and commits wait; nothing fails for good") {
  LogWorld world;
  REQUIRE(world.start());
  PartitionLog& log = world.create();
  REQUIRE(put(log, {"a"}));
  world.disk().set_open_files_max(world.disk().open_files());
  CHECK(put(world.create({"other", PartitionIndex(0)}, TopicId{Uuid{3, 3}}), {"b"})
            .error()
            .error.code() == Errc::kOverloaded);
  world.run_for(seconds(5));
  CHECK(world.world().log_text().find("cannot be made stable, tries again") != std::string::npos);
  CHECK(log.failure() == nullptr);
  world.disk().set_open_files_max(1000);
  REQUIRE(world.durable(log));
  REQUIRE(put(world.log({"other", PartitionIndex(0)}), {"b"}));
  REQUIRE(world.restart());
  CHECK(world.directory().was_clean());
  CHECK(read_records(world.log())->size() == 1);
}

TEST_CASE("a stop does not wait for descriptors: the next start recovers") {
  LogWorld world;
  REQUIRE(world.start());
  REQUIRE(put(world.create(), {"a"}));
  world.disk().set_open_files_max(world.disk().open_files());
  world.run_for(seconds(5));
  REQUIRE(world.close());
  world.disk().set_open_files_max(1000);
  REQUIRE(world.start());
  CHECK(!world.directory().was_clean());
  CHECK(read_records(world.log())->size() == 1);
}

TEST_CASE("indexes of segments that are only read are let go of, those that grow are not") {
  LogWorld world;
  world.config().segment_bytes = 4000;
  world.config().index_interval_bytes = 1;
  REQUIRE(world.start());
  PartitionLog& log = world.create();
  for (int i = 0; i < 200; ++i) {
    REQUIRE(put(log, {std::string(500, 'x')}));
    world.run_for(milliseconds(10));
  }
  REQUIRE(world.close());
  world.options().index_bytes_max = 300;
  REQUIRE(world.start());
  for (int i = 0; i < 200; ++i) REQUIRE(read_records(world.log(), Offset(i)));
  CHECK(world.directory().open_segments() < 10);
  REQUIRE(put(world.log(), {"y"}));
  world.options().index_bytes_max = 0;
  REQUIRE(world.restart());
  for (int i = 0; i < 200; ++i) {
    REQUIRE(read_records(world.log(), Offset(i)));
    REQUIRE(put(world.log(), {"z"}));
  }
  world.run_for(seconds(1));
  CHECK(world.directory().open_segments() < 10);
}

TEST_CASE("the metadata partition is loaded first and by itself, with the files of others in it") {
  const TopicPartition metadata{"__cluster_metadata", PartitionIndex(0)};
  LogWorld world;
  REQUIRE(world.start());
  PartitionLog& log = world.create(metadata, TopicId{kMetadataTopicUuid});
  REQUIRE(put(log, {"a"}));
  REQUIRE(world.close());
  write(world, "data/__cluster_metadata-0/quorum-state", "{}");
  write(world, "data/__cluster_metadata-0/00000000000000000001-0000000001.checkpoint", "x");
  world.forget(metadata);
  REQUIRE(world.start());
  CHECK(!world.has(metadata));  // load() leaves it to load_one()
  const auto loaded = world.world().run(
      world.node(),
      world.directory().load_one(metadata, TopicId{kMetadataTopicUuid}, world.shared_config()));
  REQUIRE(loaded.has_value());
  CHECK(read_records(**loaded)->size() == 1);
  const auto files = world.files("data/__cluster_metadata-0");
  CHECK(std::ranges::count(files, "quorum-state") == 1);
  CHECK(std::ranges::count(files, "00000000000000000001-0000000001.checkpoint") == 1);
}

}  // namespace
}  // namespace millrace::log
