// The files of a data directory as a stranger left them: indexes, producer snapshots, checkpoints,
// metadata. What parses must be written again as something that parses to the same.
#include "base/bytes.h"
#include "base/check.h"
#include "log/checkpoint_file.h"
#include "log/file_names.h"
#include "log/meta_properties.h"
#include "log/offset_index.h"
#include "log/partition_metadata.h"
#include "log/producer_snapshot.h"
#include "log/time_index.h"
#include "log/transaction_index.h"

namespace millrace::log {
namespace {

void read_indexes(Bytes file) {
  if (const auto index = OffsetIndex::parse(Offset(77), file, INT32_MAX)) {
    const auto again = OffsetIndex::parse(Offset(77), index->format(), INT32_MAX);
    CHECK(again && again->size() == index->size() && again->last() == index->last());
    CHECK(index->floor(Offset(INT64_MAX)) == index->last());
    index->floor_position(1000);
  }
  if (const auto index = TimeIndex::parse(Offset(77), file)) {
    const auto again = TimeIndex::parse(Offset(77), index->format());
    CHECK(again && again->size() == index->size() && again->last() == index->last());
  }
  if (const auto index = TransactionIndex::parse(file)) {
    CHECK(TransactionIndex::parse(index->format())->entries() == index->entries());
  }
}

void read_snapshot(Bytes file) {
  const auto entries = parse_producer_snapshot(file);
  if (!entries) return;
  ProducerStates states;
  states.restore(*entries);
  CHECK(parse_producer_snapshot(format_producer_snapshot(states)).has_value());
  states.first_unstable_offset();
  states.expire({1000}, milliseconds(5));
}

void read_texts(std::string_view text) {
  if (const auto offsets = parse_offset_checkpoint(text)) {
    CHECK(*parse_offset_checkpoint(format_offset_checkpoint(*offsets)) == *offsets);
  }
  if (const auto epochs = parse_epoch_checkpoint(text)) {
    CHECK(*parse_epoch_checkpoint(format_epoch_checkpoint(*epochs)) == *epochs);
  }
  if (const auto id = parse_partition_metadata(text)) {
    CHECK(*parse_partition_metadata(format_partition_metadata(*id)) == *id);
  }
  if (const auto meta = parse_meta_properties(text)) {
    CHECK(*parse_meta_properties(format_meta_properties(*meta)) == *meta);
  }
  if (const auto epoch = parse_clean_shutdown(text)) {
    CHECK(parse_clean_shutdown(format_clean_shutdown(*epoch)) == *epoch);
  }
  if (const auto name = SegmentFileName::parse(text)) {
    CHECK(SegmentFileName::parse(name->to_string()) == name);
  }
  if (const auto name = PartitionDirectoryName::parse(text)) name->to_string();
}

}  // namespace
}  // namespace millrace::log

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const millrace::Bytes bytes(data, size);
  millrace::log::read_indexes(bytes);
  millrace::log::read_snapshot(bytes);
  millrace::log::read_texts(millrace::as_text(bytes));
  return 0;
}
