// A partition of __consumer_offsets that anybody may have written: record by record into a
// coordinator, which then lives for a while. What it writes itself it must be able to read.
// Shape of an input: records: flags (1 = tombstone, 2 = in a transaction, 4 = a transaction ends),
// key, value; both with a 16-bit size in front.
#include "base/check.h"
#include "fuzz/input.h"
#include "group/coordinator.h"
#include "group/records.h"

namespace millrace::group {
namespace {

constexpr size_t kTicksMax = 16;
constexpr Now kStart{MonoTime{1'000'000'000}, Timestamp{1'780'000'000'000}};

// What loading says of a record is what its bytes say.
void replay_one(Coordinator& coordinator, const Record& record, ProducerId producer) {
  Arena arena;
  const bool reads = read_record(record.key, record.value, arena).has_value();
  const Result<> replayed = coordinator.replay(record, producer);
  CHECK(replayed.has_value() == reads);
  if (replayed) return;
  CHECK(replayed.error().code() == Errc::kCorruptMessage && !replayed.error().detail().empty());
}

void load(Coordinator& coordinator, fuzz::Input& input) {
  while (!input.empty()) {
    const uint8_t flags = input.byte();
    const ProducerId producer = (flags & 2) != 0 ? ProducerId(flags >> 4) : kNoProducerId;
    if ((flags & 4) != 0) {
      const bool commits = (flags & 1) != 0;
      coordinator.end_transaction(ProducerId(flags >> 4),
                                  commits ? TransactionResult::kCommit : TransactionResult::kAbort);
      continue;
    }
    Record record{.key = input.piece(), .value = std::nullopt};
    if ((flags & 1) == 0) record.value = input.piece();
    replay_one(coordinator, record, producer);
  }
}

// Sessions end, groups empty, offsets expire. `reader` gets every record.
void live(Coordinator& coordinator, Coordinator& reader) {
  Now now = kStart;
  for (size_t tick = 0; tick < kTicksMax && coordinator.next_deadline() != kNever; ++tick) {
    const Duration step = coordinator.next_deadline() - now.mono;
    now = {now.mono + step, now.wall + step};
    coordinator.tick(now);
    const Actions actions = coordinator.take_actions();
    CHECK(actions.replies.empty());  // nobody asked
    for (const Record& record : actions.records) CHECK(reader.replay(record).has_value());
  }
}

void look(const Coordinator& coordinator) {
  const Coordinator::Counts counts = coordinator.count();
  CHECK(counts.parked == 0);
  CHECK(counts.groups > 0 || counts.members == 0);
}

void run(Bytes bytes) {
  fuzz::Input input(bytes);
  Coordinator coordinator({.groups_max = 100}, Random(1));
  load(coordinator, input);
  look(coordinator);
  coordinator.loaded(kStart);
  Coordinator reader({}, Random(2));
  live(coordinator, reader);
  look(coordinator);
  coordinator.unload(Errc::kNotCoordinator);
  CHECK(coordinator.take_actions().records.empty());
  CHECK(coordinator.count().groups == 0);
}

}  // namespace
}  // namespace millrace::group

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  millrace::group::run({data, size});
  return 0;
}
