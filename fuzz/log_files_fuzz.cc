// The small files of a data directory, whatever they hold: checkpoints, leader epochs, indexes,
// producer snapshots. What is read is written so that it reads the same, and can be asked.
// Shape of an input: one byte for the file, then its content; a snapshot's CRC is made right.
#include "base/check.h"
#include "fuzz/input.h"
#include "kafka/crc32c.h"
#include "log/checkpoint_file.h"
#include "log/leader_epochs.h"
#include "log/meta_properties.h"
#include "log/offset_index.h"
#include "log/partition_metadata.h"
#include "log/producer_snapshot.h"
#include "log/time_index.h"
#include "log/transaction_index.h"

namespace millrace::log {
namespace {

constexpr Offset kBase{1000};
constexpr int64_t kLogBytes = 1 << 20;

template <class T>
bool refused(const Result<T>& result) {
  if (result) return false;
  CHECK(result.error().code() == Errc::kCorruptFile || result.error().code() == Errc::kNewerFormat);
  CHECK(!result.error().detail().empty());
  return true;
}

void check_offset_checkpoint(Bytes content) {
  const auto offsets = parse_offset_checkpoint(as_text(content));
  if (refused(offsets)) return;
  CHECK(parse_offset_checkpoint(format_offset_checkpoint(*offsets)).value() == *offsets);
}

void check_epoch_checkpoint(Bytes content) {
  const auto entries = parse_epoch_checkpoint(as_text(content));
  if (refused(entries)) return;
  CHECK(parse_epoch_checkpoint(format_epoch_checkpoint(*entries)).value() == *entries);
  LeaderEpochs epochs(*entries);
  for (const EpochEntry& entry : *entries) {
    CHECK(epochs.epoch_at(entry.start_offset) >= entry.epoch);
    CHECK(epochs.end_offset_for(entry.epoch, entry.start_offset).has_value());
  }
  if (entries->empty()) return;
  epochs.truncate_from_start(entries->back().start_offset);
  CHECK(epochs.latest() == entries->back().epoch);
  epochs.assign(LeaderEpoch(0), Offset(0));
  epochs.truncate_from_end(Offset(0));
  CHECK(epochs.entries().empty());
}

void check_partition_metadata(Bytes content) {
  const auto id = parse_partition_metadata(as_text(content));
  if (refused(id)) return;
  CHECK(parse_partition_metadata(format_partition_metadata(*id)).value() == *id);
}

void check_meta_properties(Bytes content) {
  const auto meta = parse_meta_properties(as_text(content));
  if (refused(meta)) return;
  CHECK(parse_meta_properties(format_meta_properties(*meta)).value() == *meta);
}

void check_clean_shutdown(Bytes content) {
  const auto epoch = parse_clean_shutdown(as_text(content));
  if (epoch) CHECK(parse_clean_shutdown(format_clean_shutdown(*epoch)) == epoch);
}

void check_producer_snapshot(Bytes content) {
  constexpr size_t kCrc = 2;
  constexpr size_t kCovered = 6;
  Buffer file(content);
  if (file.size() >= kCovered) {
    store_be32(file.data() + kCrc, kafka::crc32c(file.bytes().subspan(kCovered)));
  }
  const auto entries = parse_producer_snapshot(file);
  if (refused(entries)) return;
  ProducerStates states;
  states.restore(*entries);
  (void)states.first_unstable_offset();
  for (const ProducerEntry* entry : states.entries()) {
    if (const ProducerBatch* last = entry->last_batch()) {
      CHECK(last->first_offset() <= last->last_offset);
      (void)last->first_sequence();
    }
  }
  const Buffer once = format_producer_snapshot(states);
  ProducerStates again;
  again.restore(parse_producer_snapshot(once).value());
  CHECK(equal(format_producer_snapshot(again), once));
  states.expire({1'780'000'000'000}, seconds(24 * 3600));
  states.on_high_watermark(Offset(1 << 20));
}

void check_offset_index(Bytes content) {
  auto index = OffsetIndex::parse(kBase, content, kLogBytes);
  if (refused(index)) return;
  CHECK(OffsetIndex::parse(kBase, index->format(), kLogBytes).value().size() == index->size());
  for (size_t i = 0; i < index->size(); ++i) {
    const OffsetIndex::Entry entry = index->at(i);
    CHECK(index->floor(entry.offset) == entry && index->floor_position(entry.position) == entry);
    CHECK(entry.position < kLogBytes);
  }
  CHECK(!index->above(index->last().offset));
  index->truncate_to(kBase);
  CHECK(index->empty());
}

void check_time_index(Bytes content) {
  auto index = TimeIndex::parse(kBase, content);
  if (refused(index)) return;
  CHECK(TimeIndex::parse(kBase, index->format()).value().size() == index->size());
  for (size_t i = 0; i < index->size(); ++i) {
    CHECK(index->floor(index->at(i).timestamp) == index->at(i));
    CHECK(index->at(i).offset >= kBase);
  }
  index->truncate_to(kBase);
  CHECK(index->size() == 0);
}

void check_transaction_index(Bytes content) {
  auto index = TransactionIndex::parse(content);
  if (refused(index)) return;
  CHECK(equal(index->format(), content));
  std::vector<AbortedTransaction> all;
  index->collect(Offset(0), Offset(INT64_MAX), all);
  CHECK(all.size() <= index->entries().size());
  index->truncate_to(Offset(0));
  CHECK(index->empty());
}

constexpr void (*kChecks[])(Bytes) = {
    check_offset_checkpoint, check_epoch_checkpoint, check_partition_metadata,
    check_meta_properties,   check_clean_shutdown,   check_producer_snapshot,
    check_offset_index,      check_time_index,       check_transaction_index,
};

void run(Bytes bytes) {
  fuzz::Input input(bytes);
  const auto check = kChecks[input.below(std::size(kChecks))];
  check(input.rest());
}

}  // namespace
}  // namespace millrace::log

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  millrace::log::run({data, size});
  return 0;
}
