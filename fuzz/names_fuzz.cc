// Short texts that name one thing: ids, addresses, topics, and files in a data directory. What is
// understood as a name is written as the same name.
#include "base/bytes.h"
#include "base/check.h"
#include "base/uuid.h"
#include "client/cluster.h"
#include "log/file_names.h"
#include "metadata/topic_name.h"
#include "runtime/network.h"

namespace millrace {
namespace {

void check_uuid(std::string_view text) {
  const Result<Uuid> id = Uuid::parse(text);
  if (!id) return;
  CHECK(text.size() == 22);
  CHECK(Uuid::parse(id->to_string()).value() == *id);
}

void check_address(std::string_view text) {
  const auto address = runtime::Address::parse(text);
  if (!address) {
    CHECK(address.error().code() == Errc::kInvalidSetting && !address.error().detail().empty());
    return;
  }
  CHECK(runtime::Address::parse(address->to_string()).value() == *address);
}

void check_bootstrap(std::string_view text) {
  if (const auto addresses = client::parse_bootstrap(text)) {
    CHECK(!addresses->empty());
  } else {
    CHECK(addresses.error().code() == Errc::kInvalidSetting);
    CHECK(!addresses.error().detail().empty());
  }
}

void check_file(std::string_view text) {
  if (const auto name = log::SegmentFileName::parse(text)) {
    CHECK(name->base_offset.value >= 0);
    CHECK(name->to_string() == text);
  }
}

void check_directory(std::string_view text) {
  const auto name = log::PartitionDirectoryName::parse(text);
  if (!name) return;
  CHECK(!name->partition.topic.empty() && name->partition.partition.value >= 0);
  const auto again = log::PartitionDirectoryName::parse(name->to_string());
  CHECK(again && again->partition.partition == name->partition.partition);
  CHECK(again->kind == name->kind && again->unique == name->unique);
}

void check_topic(std::string_view text) {
  if (const Result<> legal = metadata::check_topic_name(text); !legal) {
    CHECK(!legal.error().detail().empty());
    return;
  }
  CHECK(metadata::check_topic_name(metadata::unified_topic_name(text)).has_value());
  // Every topic there can be has a directory that is recognised.
  const log::TopicPartition partition{std::string(text), PartitionIndex(7)};
  const auto directory = log::PartitionDirectoryName::parse(partition.to_string());
  CHECK(directory && directory->partition == partition);
  CHECK(directory->kind == log::DirectoryKind::kPartition);
}

void run(Bytes input) {
  const std::string_view text = as_text(input);
  check_uuid(text);
  check_address(text);
  check_bootstrap(text);
  check_file(text);
  check_directory(text);
  check_topic(text);
}

}  // namespace
}  // namespace millrace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  millrace::run({data, size});
  return 0;
}
