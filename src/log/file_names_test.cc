#include "log/file_names.h"

#include "base/testing.h"

namespace millrace::log {
namespace {

TEST_CASE("a segment's files are named by 20 digits of base offset, kind and suffix") {
  const SegmentFileName name{Offset(42), FileKind::kTimeIndex, FileSuffix::kCleaned};
  CHECK(name.to_string() == "00000000000000000042.timeindex.cleaned");
  CHECK(SegmentFileName{Offset(0)}.to_string() == "00000000000000000000.log");
  CHECK(SegmentFileName{Offset(INT64_MAX), FileKind::kProducerSnapshot}.to_string() ==
        "09223372036854775807.snapshot");
}

TEST_CASE("every segment file name parses to what it was made of") {
  for (const FileKind kind : {FileKind::kLog, FileKind::kOffsetIndex, FileKind::kTimeIndex,
                              FileKind::kTransactionIndex, FileKind::kProducerSnapshot}) {
    for (const FileSuffix suffix :
         {FileSuffix::kNone, FileSuffix::kDeleted, FileSuffix::kCleaned, FileSuffix::kSwap}) {
      const SegmentFileName name{Offset(1234567890123), kind, suffix};
      CHECK(SegmentFileName::parse(name.to_string()) == name);
    }
  }
}

TEST_CASE("what is no segment file name is not taken for one") {
  for (const char* name :
       {"", "00000000000000000042", "42.log", "00000000000000000042.logs",
        "0000000000000000004x.log", "-0000000000000000042.log", "99999999999999999999.log",
        "leader-epoch-checkpoint", "00000000000000000042.log.deleted.deleted",
        "00000000000000000042-0000000001.checkpoint", "00000000000000000042.checkpoint.deleted",
        "quorum-state"}) {
    CAPTURE(name);
    CHECK(!SegmentFileName::parse(name));
  }
}

TEST_CASE("a partition's directory is topic, dash, number; topics may contain dashes and dots") {
  const auto plain = PartitionDirectoryName::parse("my-topic.v2-17");
  REQUIRE(plain);
  CHECK(plain->kind == DirectoryKind::kPartition);
  CHECK(plain->partition == TopicPartition{"my-topic.v2", PartitionIndex(17)});
  CHECK(plain->to_string() == "my-topic.v2-17");
}

TEST_CASE("directories set aside carry 32 hex digits and what they are") {
  const std::string unique = hex_of(Uuid{0x0123456789abcdef, 0xfedcba9876543210});
  CHECK(unique == "0123456789abcdeffedcba9876543210");
  for (const auto& [kind, ending] :
       {std::pair(DirectoryKind::kDelete, "-delete"), std::pair(DirectoryKind::kFuture, "-future"),
        std::pair(DirectoryKind::kStray, "-stray")}) {
    const PartitionDirectoryName name{{"orders", PartitionIndex(3)}, kind, unique};
    CHECK(name.to_string() == "orders-3." + unique + ending);
    const auto parsed = PartitionDirectoryName::parse(name.to_string());
    REQUIRE(parsed);
    CHECK(parsed->kind == kind);
    CHECK(parsed->unique == unique);
    CHECK(parsed->partition == name.partition);
  }
}

TEST_CASE("a name of 249 characters is cut so that the directory's has 255") {
  const PartitionDirectoryName name{
      {std::string(249, 't'), PartitionIndex(12)}, DirectoryKind::kDelete, std::string(32, 'a')};
  CHECK(name.to_string().size() == 255);
  CHECK(name.to_string().ends_with("t-12.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-delete"));
}

TEST_CASE("what is no partition's directory is not taken for one") {
  for (const char* name : {"", "lost+found", "orders", "-3", "orders-", "orders-x", "orders--1x",
                           "orders-99999999999", "orders-3.short-delete"}) {
    CAPTURE(name);
    CHECK(!PartitionDirectoryName::parse(name));
  }
}

}  // namespace
}  // namespace millrace::log
