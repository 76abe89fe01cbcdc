// The text files of a data directory: checkpoints, partition.metadata, meta.properties and the
// clean-shutdown marker.
#include "log/checkpoint_file.h"
#include "log/leader_epochs.h"
#include "log/meta_properties.h"
#include "log/partition_metadata.h"

#include "base/testing.h"

namespace millrace::log {
namespace {

TEST_CASE("an offset checkpoint is version, count and a line a partition") {
  const OffsetCheckpoint offsets = {{{"orders", PartitionIndex(1)}, Offset(1498)},
                                    {{"orders", PartitionIndex(0)}, Offset(1500)},
                                    {{"__consumer_offsets", PartitionIndex(49)}, Offset(7)}};
  const std::string text = "0\n3\n__consumer_offsets 49 7\norders 0 1500\norders 1 1498\n";
  CHECK(format_offset_checkpoint(offsets) == text);
  CHECK(*parse_offset_checkpoint(text) == offsets);
  CHECK(parse_offset_checkpoint("")->empty());
  CHECK(parse_offset_checkpoint("0\n0\n")->empty());
}

TEST_CASE("a checkpoint with a wrong count, a malformed line or a newer version is refused") {
  for (const char* text :
       {"0\n2\norders 0 5\n", "0\n1\norders 0 5\norders 1 5\n", "0\n1\norders 0\n",
        "0\n1\norders 0 x\n", "0\n1\norders 0 -5\n", "0\n1\n 0 5\n", "x\n1\norders 0 5\n",
        "0\n-1\n", "0\n2\norders 0 5\norders 0 6\n", "0\n99999999999999999999999\n"}) {
    CAPTURE(text);
    const auto parsed = parse_offset_checkpoint(text);
    REQUIRE(!parsed.has_value());
    CHECK(parsed.error().code() == Errc::kCorruptFile);
  }
  CHECK(parse_offset_checkpoint("1\n0\n").error().code() == Errc::kNewerFormat);
}

TEST_CASE("a leader epoch checkpoint is version, count and lines of epoch and start offset") {
  const std::vector<EpochEntry> epochs = {{LeaderEpoch(0), Offset(0)},
                                          {LeaderEpoch(7), Offset(1200)}};
  CHECK(format_epoch_checkpoint(epochs) == "0\n2\n0 0\n7 1200\n");
  CHECK(*parse_epoch_checkpoint("0\n2\n0 0\n7 1200\n") == epochs);
  CHECK(!parse_epoch_checkpoint("0\n2\n7 1200\n0 0\n"));
  CHECK(!parse_epoch_checkpoint("0\n2\n0 100\n7 50\n"));
  CHECK(!parse_epoch_checkpoint("0\n1\n-1 0\n"));
}

TEST_CASE("partition.metadata names the topic id") {
  const TopicId id{*Uuid::parse("8T8l0Yp2Q7qRj6jCk1rJ2w")};
  CHECK(format_partition_metadata(id) == "version: 0\ntopic_id: 8T8l0Yp2Q7qRj6jCk1rJ2w");
  CHECK(*parse_partition_metadata("version: 0\ntopic_id: 8T8l0Yp2Q7qRj6jCk1rJ2w") == id);
  CHECK(*parse_partition_metadata("version: 0\ntopic_id: 8T8l0Yp2Q7qRj6jCk1rJ2w\n") == id);
  CHECK(parse_partition_metadata("version: 1\ntopic_id: 8T8l0Yp2Q7qRj6jCk1rJ2w").error().code() ==
        Errc::kNewerFormat);
  for (const char* text :
       {"", "version: 0", "version: 0\ntopic_id: ", "version: 0\ntopic_id: x\n",
        "version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAA", "topic_id: a\nversion: 0"}) {
    CAPTURE(text);
    CHECK(parse_partition_metadata(text).error().code() == Errc::kCorruptFile);
  }
}

TEST_CASE("meta.properties is read as Kafka writes it, and written as Kafka reads it") {
  const MetaProperties meta{"MkU3OEVBNTcwNTJENDM2Qk", BrokerId(3),
                            *Uuid::parse("8T8l0Yp2Q7qRj6jCk1rJ2w")};
  CHECK(format_meta_properties(meta) ==
        "version=1\ncluster.id=MkU3OEVBNTcwNTJENDM2Qk\nnode.id=3\n"
        "directory.id=8T8l0Yp2Q7qRj6jCk1rJ2w\n");
  CHECK(*parse_meta_properties(format_meta_properties(meta)) == meta);
  CHECK(*parse_meta_properties("#\r\n#Sat Nov 21 12:00:00 UTC 2026\r\ncluster.id = "
                               "MkU3OEVBNTcwNTJENDM2Qk\r\ndirectory.id=8T8l0Yp2Q7qRj6jCk1rJ2w\r\n"
                               "node.id=3\r\nversion=1\r\n") == meta);
}

TEST_CASE("meta.properties without what it must say, or of another version, is refused") {
  CHECK(parse_meta_properties("version=2\ncluster.id=c\nnode.id=1\n").error().code() ==
        Errc::kNewerFormat);
  for (const char* text :
       {"", "version=1\n", "version=1\ncluster.id=c\n", "version=1\nnode.id=1\n",
        "version=0\ncluster.id=c\nbroker.id=1\n", "version=1\ncluster.id=c\nnode.id=x\n",
        "version=1\ncluster.id=c\nnode.id=1\ndirectory.id=?\n",
        "version=1\ncluster.id=c\nnode.id=1\ndirectory.id=AAAAAAAAAAAAAAAAAAAAAQ\n",
        "version=1\ncluster.id=c\nnode.id=-1\n", "cluster.id=\\u12\n", "nonsense\n"}) {
    CAPTURE(text);
    CHECK(parse_meta_properties(text).error().code() == Errc::kCorruptFile);
  }
}

TEST_CASE("the clean-shutdown marker carries the broker epoch") {
  CHECK(format_clean_shutdown(42) == R"({"version":0,"brokerEpoch":42})");
  CHECK(parse_clean_shutdown(R"({"version":0,"brokerEpoch":42})") == 42);
  CHECK(parse_clean_shutdown(R"({"brokerEpoch" : -1, "version" : 0})") == -1);
  CHECK(!parse_clean_shutdown(""));
  CHECK(!parse_clean_shutdown(R"({"brokerEpoch")"));
}

TEST_CASE("an epoch begins where it is assigned; what contradicts it goes") {
  LeaderEpochs epochs;
  CHECK(epochs.latest() == kNoLeaderEpoch);
  CHECK(epochs.assign(LeaderEpoch(1), Offset(0)));
  CHECK(!epochs.assign(LeaderEpoch(1), Offset(5)));  // it goes on
  CHECK(epochs.assign(LeaderEpoch(2), Offset(10)));
  CHECK(epochs.assign(LeaderEpoch(4), Offset(10)));  // epoch 2 wrote nothing
  CHECK(epochs.entries() ==
        std::vector<EpochEntry>{{LeaderEpoch(1), Offset(0)}, {LeaderEpoch(4), Offset(10)}});
  CHECK(epochs.epoch_at(Offset(9)) == LeaderEpoch(1));
  CHECK(epochs.epoch_at(Offset(10)) == LeaderEpoch(4));
}

TEST_CASE("the end of an epoch is where the next known one begins") {
  LeaderEpochs epochs({{LeaderEpoch(2), Offset(10)}, {LeaderEpoch(5), Offset(20)}});
  using End = LeaderEpochs::EndOffset;
  CHECK(epochs.end_offset_for(LeaderEpoch(5), Offset(33)) == End{LeaderEpoch(5), Offset(33)});
  CHECK(epochs.end_offset_for(LeaderEpoch(2), Offset(33)) == End{LeaderEpoch(2), Offset(20)});
  CHECK(epochs.end_offset_for(LeaderEpoch(3), Offset(33)) == End{LeaderEpoch(2), Offset(20)});
  CHECK(epochs.end_offset_for(LeaderEpoch(1), Offset(33)) == End{LeaderEpoch(1), Offset(10)});
  CHECK(!epochs.end_offset_for(LeaderEpoch(6), Offset(33)));
  CHECK(!epochs.end_offset_for(kNoLeaderEpoch, Offset(33)));
}

TEST_CASE("epochs are cut at either end with the log") {
  LeaderEpochs epochs(
      {{LeaderEpoch(0), Offset(0)}, {LeaderEpoch(1), Offset(10)}, {LeaderEpoch(2), Offset(20)}});
  CHECK(epochs.truncate_from_end(Offset(20)));
  CHECK(epochs.latest() == LeaderEpoch(1));
  CHECK(!epochs.truncate_from_end(Offset(15)));
  CHECK(epochs.truncate_from_start(Offset(12)));
  CHECK(epochs.entries() == std::vector<EpochEntry>{{LeaderEpoch(1), Offset(12)}});
  CHECK(!epochs.truncate_from_start(Offset(12)));
}

}  // namespace
}  // namespace millrace::log
