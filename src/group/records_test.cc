// The bytes, against Kafka's own: recorded from Apache Kafka 4.3.1's `__consumer_offsets`, and for
// the versions it no longer writes, from its message classes.
#include "group/records.h"

#include <fmt/format.h>
#include <string>
#include <vector>

#include "base/testing.h"

namespace millrace::group {
namespace {

std::string from_hex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<char>(digit(hex[i]) << 4 | digit(hex[i + 1])));
  return bytes;
}

std::string to_hex(Bytes bytes) {
  std::string hex;
  for (const uint8_t byte : bytes) hex += fmt::format("{:02x}", byte);
  return hex;
}

/// What a test reads, and the bytes it points into.
struct Stored {
  Stored(std::string_view key_hex, std::optional<std::string_view> value_hex)
      : key(from_hex(key_hex)) {
    if (value_hex) value = from_hex(*value_hex);
  }
  Result<StoredRecord> read() {
    std::optional<Bytes> bytes;
    if (value) bytes = as_bytes(*value);
    return read_record(as_bytes(key), bytes, arena);
  }
  std::string key;
  std::optional<std::string> value;
  Arena arena;
};

constexpr std::string_view kTopicKey = "0001000673696d706c6500066f726465727300000001";

TEST_CASE("offset commits are written in Kafka's bytes") {
  Arena arena;
  // Kafka: librdkafka, OffsetCommit v9 to 4.3.1, which knew the topic's id.
  const CommittedOffset plain = {.offset = Offset(7),
                                 .committed_at = Timestamp{1795279194266},
                                 .topic_id = {*Uuid::parse("7bcFgV7wSHCjp9XelkhD1A")}};
  Record record = offset_record("simple", "orders", PartitionIndex(1), plain, arena);
  CHECK(to_hex(record.key) == kTopicKey);
  CHECK(to_hex(*record.value) ==
        "00040000000000000007ffffffff01000001a1fefa889a010010edb705815ef04870a3a7d5de964843d4");

  const CommittedOffset noted = {.offset = Offset(5),
                                 .leader_epoch = LeaderEpoch(0),
                                 .metadata = std::string("a note \xc3\xa9\0", 10),
                                 .committed_at = Timestamp{1795279183971},
                                 .topic_id = {*Uuid::parse("7bcFgV7wSHCjp9XelkhD1A")}};
  record = offset_record("dynamic", "orders", PartitionIndex(0), noted, arena);
  CHECK(to_hex(record.key) == "0001000764796e616d696300066f726465727300000000");
  CHECK(to_hex(*record.value) ==
        "00040000000000000005000000000b61206e6f746520c3a900000001a1fefa6063010010edb705815ef04870a3"
        "a7d5de964843d4");

  const CommittedOffset expiring = {.offset = Offset(3),
                                    .metadata = "m",
                                    .committed_at = Timestamp{1795279194276},
                                    .expires_at = Timestamp{1795282794276}};
  record = offset_record("old-client", "orders", PartitionIndex(0), expiring, arena);
  CHECK(to_hex(*record.value) == "0001000000000000000300016d000001a1fefa88a4000001a1ff317724");

  record = offset_tombstone("simple", "orders", PartitionIndex(1), arena);
  CHECK(to_hex(record.key) == kTopicKey);
  CHECK(!record.value);
}

TEST_CASE("group metadata that Kafka wrote is written again in the same bytes") {
  // A static member under cooperative-sticky, recorded; read, restored and written again.
  const std::string_view recorded =
      "00030008636f6e73756d6572000000010012636f6f70657261746976652d737469636b79002b696e73742d312d37"
      "653161343137322d376230352d343263322d623432342d356531323731306135633539000001a1fefa60bf000000"
      "01002b696e73742d312d37653161343137322d376230352d343263322d623432342d3565313237313061356335"
      "390006696e73742d3100027331000a2f3132372e302e302e31000493e0000017700000001c000300000001000"
      "66f72646572730000000000000000ffffffff00000000002200000000000100066f7264657273000000030000"
      "0000000000010000000200000000";
  // One member without a static name, and an empty group that had a generation.
  const std::string_view dynamic =
      "00030008636f6e73756d657200000001000572616e676500276a632d38323236316331662d343163332d34383837"
      "2d383739612d616663653165663533636337000001a1fefaf7860000000100276a632d38323236316331662d3431"
      "63332d343838372d383739612d616663653165663533636337ffff00026a63000a2f3132372e302e302e31000493"
      "e00000afc80000001c00030000000100066f7264657273ffffffff00000000ffffffffffff000000220003000000"
      "0100066f726465727300000003000000000000000100000002ffffffff";
  const std::string_view empty = "00030008636f6e73756d657200000003ffffffff000001a1fefa606900000000";
  const std::string_view untouched = "0003000000000000ffffffff000001a1fefaab3600000000";
  for (const std::string_view value : {recorded, dynamic, empty, untouched}) {
    Stored stored("0002000764796e616d6963", value);
    const auto read = stored.read();
    REQUIRE(read);
    const auto& record = std::get<GroupRecord>(*read);
    CHECK(record.group_id == "dynamic");
    Timers timers;
    Group group("dynamic", timers, kNoTimestamp);
    group.restore(*record.value);
    const Record written = group_record(group, stored.arena);
    CHECK(as_text(written.key) == stored.key);
    CHECK(to_hex(*written.value) == value);
  }
  Arena arena;
  const Record tombstone = group_tombstone("dynamic", arena);
  CHECK(to_hex(tombstone.key) == "0002000764796e616d6963");
  CHECK(!tombstone.value);
}

TEST_CASE("all versions of a group's metadata are read") {
  const std::string_view values[] = {
      "00000008636f6e73756d657200000007000572616e676500036d2d310000000100036d2d3100016300092f31302e"
      "302e302e37000027100000000d000000000001000174ffffffff00000003010203",
      "00010008636f6e73756d657200000007000572616e676500036d2d310000000100036d2d3100016300092f31302e"
      "302e302e370000ea60000027100000000d000000000001000174ffffffff00000003010203",
      "00020008636f6e73756d657200000007000572616e676500036d2d310000011f71fb04cb0000000100036d2d3100"
      "016300092f31302e302e302e370000ea60000027100000000d000000000001000174ffffffff00000003010203",
      "00030008636f6e73756d657200000007000572616e676500036d2d310000011f71fb04cb0000000100036d2d3100"
      "04696e737400016300092f31302e302e302e370000ea60000027100000000d000000000001000174ffffffff0000"
      "0003010203",
      "000409636f6e73756d6572000000070672616e6765046d2d310000011f71fb04cb02046d2d3105696e737402630a"
      "2f31302e302e302e370000ea60000027100e000000000001000174ffffffff040102030000"};
  for (int version = 0; version <= 4; ++version) {
    CAPTURE(version);
    Stored stored(
        "00020001"
        "67",
        values[version]);
    const auto read = stored.read();
    REQUIRE(read);
    Timers timers;
    Group group("g", timers, kNoTimestamp);
    group.restore(*std::get<GroupRecord>(*read).value);
    CHECK(group.state() == GroupState::kStable);
    CHECK(group.generation() == GenerationId(7));
    CHECK(group.protocol_type() == "consumer");
    CHECK(group.protocol_name() == "range");
    CHECK(group.leader() == "m-1");
    CHECK(group.state_since().ms == (version >= 2 ? 1234567890123 : -1));
    CHECK(group.is_subscribed("t"));
    CHECK(!group.is_subscribed("u"));
    const Member& member = group.members().at("m-1");
    CHECK(member.group_instance_id.value_or("") == (version >= 3 ? "inst" : ""));
    CHECK(member.client_id == "c");
    CHECK(member.client_host == "/10.0.0.7");
    CHECK(member.session_timeout_ms == 10'000);
    CHECK(member.rebalance_timeout_ms == (version >= 1 ? 60'000 : 10'000));
    CHECK(member.assignment == "\1\2\3");
  }
}

TEST_CASE("all versions of an offset commit are read, under both of its key types") {
  const std::string_view values[] = {
      "0000000000000000002a00046e6f746500000000000003e8",
      "0001000000000000002a00046e6f746500000000000003e800000000000007d0",
      "0002000000000000002a00046e6f746500000000000003e8",
      "0003000000000000002a0000000500046e6f746500000000000003e8",
      "0004000000000000002a00000005056e6f746500000000000003e80100100000000000000001000000000000000"
      "2"};
  for (int version = 0; version <= 4; ++version) {
    for (const std::string_view key : {"000000016700017400000003", "000100016700017400000003"}) {
      CAPTURE(version);
      Stored stored(key, values[version]);
      const auto read = stored.read();
      REQUIRE(read);
      const auto& record = std::get<OffsetRecord>(*read);
      CHECK(record.key.group == "g");
      CHECK(record.key.topic == "t");
      CHECK(record.key.partition == PartitionIndex(3));
      CHECK(record.value->offset == Offset(42));
      CHECK(record.value->metadata == "note");
      CHECK(record.value->commit_timestamp == Timestamp{1000});
      CHECK(record.value->leader_epoch.value == (version >= 3 ? 5 : -1));
      CHECK(record.value->expire_timestamp.ms == (version == 1 ? 2000 : -1));
      CHECK(record.value->topic_id == (version >= 4 ? TopicId{Uuid{1, 2}} : TopicId()));
    }
  }
}

TEST_CASE("records of other kinds of groups tell whose they are, and no more") {
  struct Row {
    std::string_view key;
    GroupKind kind;
    ForeignRecord::About about;
  };
  using About = ForeignRecord::About;
  const Row rows[] = {
      {"000500066d6f6465726e00162b4668424e756e685277535650617874457356796e67", GroupKind::kConsumer,
       About::kMember},
      {"000300066d6f6465726e", GroupKind::kConsumer, About::kGroup},
      {"000600066d6f6465726e", GroupKind::kConsumer, About::kOther},
      {"000b00066d6f6465726e", GroupKind::kShare, About::kGroup},
      {"001300066d6f6465726e00016d", GroupKind::kStreams, About::kMember},
  };
  for (const Row& row : rows) {
    Stored stored(row.key, "0000");
    const auto read = stored.read();
    REQUIRE(read);
    const auto& record = std::get<ForeignRecord>(*read);
    CHECK(record.group_id == "modern");
    CHECK(record.kind == row.kind);
    CHECK(record.about == row.about);
    CHECK(record.member_id.empty() == (row.about != About::kMember));
  }
  Stored later("03e7ff", "ff");
  CHECK(std::get<UnknownRecord>(*later.read()).type == 999);
}

TEST_CASE("bytes that are no record are refused with type and place") {
  struct Row {
    const char* what;
    std::string_view key;
    std::string_view value;
  };
  const Row rows[] = {
      {"no type", "00", "0000"},
      {"key too short", "0001000673696d70", "0004"},
      {"no version", kTopicKey, "00"},
      {"a version to come", kTopicKey, "00050000000000000007ffffffff01000001a1fefa889a00"},
      {"value too short", kTopicKey, "0004000000000000"},
      {"a count that lies", "0002000161", "0003000000000000ffffffff000001a1fefa60697fffffff"},
      {"a key without its group", "00030006", "0000"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    Stored stored(row.key, row.value);
    const auto read = stored.read();
    REQUIRE(!read);
    CHECK(read.error().code() == Errc::kCorruptMessage);
    CHECK(!read.error().detail().empty());
  }
}

TEST_CASE("every beginning of a record, and every bit of it flipped, is read or refused") {
  const std::string value = from_hex(
      "000409636f6e73756d6572000000070672616e6765046d2d310000011f71fb04cb02046d2d3105696e737402630a"
      "2f31302e302e302e370000ea60000027100e000000000001000174ffffffff040102030000");
  const std::string key = from_hex(
      "000200016"
      "7");
  for (size_t size = 0; size < value.size(); ++size) {
    Arena arena;
    CHECK(!read_record(as_bytes(key), as_bytes(value).first(size), arena));
  }
  size_t readable = 0;
  for (size_t bit = 0; bit < value.size() * 8; ++bit) {
    std::string flipped = value;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    Arena arena;
    const auto read = read_record(as_bytes(key), as_bytes(flipped), arena);
    if (!read) continue;
    ++readable;
    Timers timers;
    Group group("g", timers, kNoTimestamp);
    group.restore(*std::get<GroupRecord>(*read).value);
  }
  CHECK(readable > 0);
}

}  // namespace
}  // namespace millrace::group
