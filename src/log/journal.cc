#include "log/journal.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/logging.h"
#include "log/partition_log.h"

namespace millrace::log {

using runtime::Task;

namespace {

constexpr int64_t kGroupBytesMax = int64_t{4} << 20;
// Below 256 KiB, so that what producers with batch.size=262144 send counts as large.
constexpr int64_t kBypassBytes = int64_t{192} << 10;
constexpr size_t kFlushesAtOnce = 4;
constexpr Duration kClosedFor = seconds(1);

}  // namespace

Journal::Journal(runtime::Env& env, const std::string& directory, const JournalOptions& options,
                 runtime::WaitQueue& room)
    : env_(env),
      room_(room),
      ring_(env, directory, options),
      enabled_(options.files_max > 0),
      group_bytes_max_(size_t(std::min(kGroupBytesMax, options.file_bytes / 4))),
      bypass_bytes_(std::min(kBypassBytes, options.file_bytes / 4)),
      scope_(env.loop) {
  group_.frame.begin();
  scope_.spawn("release journal files", release());
}

bool Journal::usable() const {
  return enabled_ && !failure_ && env_.loop.now() >= closed_until_;
}

Journaled Journal::append(PartitionLog& log, const JournalEntry& entry) {
  const size_t size = entry.batches.size();
  if (usable() && size > 0 && int64_t(size) < bypass_bytes_ && fits(size)) {
    add(log, entry);
    return Journaled::kWhole;
  }
  return note_bypass(log, entry) ? Journaled::kNoted : Journaled::kNothing;
}

bool Journal::note_bypass(PartitionLog& log, JournalEntry entry) {
  if (!usable() || !fits(0)) return false;
  entry.kind = JournalEntryKind::kBypassed;
  entry.batches = {};
  add(log, entry);
  return true;
}

bool Journal::append_cut(PartitionLog& log, const JournalEntry& entry) {
  if (!enabled_ || failure_) return false;
  add(log, entry).cut = true;
  return true;
}

Journal::Part& Journal::add(PartitionLog& log, const JournalEntry& entry) {
  group_.frame.add(entry);
  JournalSlot& slot = log.journal_slot();
  if (slot.group != group_number_) {
    slot = {group_number_, static_cast<uint32_t>(group_.parts.size())};
    group_.parts.push_back({.log = log.shared_from_this()});
  }
  Part& part = group_.parts[slot.part];
  part.end = entry.next;
  part.truncations = log.truncations();
  if (!running_) {
    running_ = true;
    scope_.spawn("write journal", run());
  }
  return part;
}

// Writes groups until there is none. What comes meanwhile is the next one.
Task<> Journal::run() {
  while (!group_.frame.empty()) {
    std::swap(group_, flying_);
    ++group_number_;
    group_.frame.begin();
    room_.wake_all();
    const Result<> written = co_await runtime::as_result(write(&flying_));
    if (!written && written.error().code() == Errc::kCancelled) co_return;
    if (written) {
      tell(flying_);
    } else {
      on_trouble(flying_, written.error());
    }
    flying_.parts.clear();
    flying_.frame.clear();
  }
  running_ = false;
  idle_.wake_all();
}

Task<> Journal::write(Group* group) {
  const Result<JournalRing::Place> place =
      co_await runtime::as_result(ring_.take(padded(group->frame.size())));
  if (!place) {
    closed_until_ = env_.loop.now() + kClosedFor;
    if (ring_.pinned()) failure_ = std::make_unique<Error>(place.error());
    co_await fail(place.error());
  }
  for (const Part& part : group->parts) {
    if (part.log->note_in_journal(ring_.current_turn()))
      ring_.needs(ring_.current_turn(), part.log);
  }
  ring_.begins_with(next_sequence_);
  group->frame.end(directory_id_, next_sequence_, ring_.oldest_sequence(next_sequence_));
  ++next_sequence_;
  const Result<> written = co_await runtime::as_result(
      place->file->write_stable(place->position, group->frame.blocks()));
  if (!written) {
    if (written.error().code() != Errc::kCancelled) {
      failure_ = std::make_unique<Error>(written.error());
    }
    co_await written;
  }
  ++frame_count_;
  bytes_written_ += group->frame.size();
  ring_.drop_spare();
}

void Journal::tell(Group& group) {
  for (const Part& part : group.parts) {
    part.log->on_journaled(part.end, part.truncations, part.cut);
  }
}

// The segments of everything that waits are synced instead, and so are, after a write that failed,
// those of everything that relies on the journal: what a device has lost once it may have lost
// before.
void Journal::on_trouble(Group& group, const Error& error) {
  if (failure_) {
    LOG_ERROR("log",
              "the journal failed ({}); it is not used any more, and every partition is synced by "
              "itself, which is slower. Check the disk, then restart the server",
              error.message());
    flush_behind();
  } else {
    LOG_WARNING("log", "no journal for now, partitions are synced one by one: {}", error.message());
  }
  for (Group* each : {&group, &group_}) {
    for (const Part& part : each->parts) part.log->commit_instead(part.cut);
    each->parts.clear();
    each->frame.clear();
  }
  ++group_number_;
  group_.frame.begin();
  room_.wake_all();
}

void Journal::bypass_ended(int64_t bytes) {
  bypassing_ -= bytes;
  if (bytes > 0) room_.wake_all();
}

// Making room.

void Journal::adopt_earlier(const std::vector<std::shared_ptr<PartitionLog>>& logs) {
  ring_.adopt_avoided();
  for (const std::shared_ptr<PartitionLog>& log : logs) {
    if (log->note_in_journal(JournalRing::kEarlierTurn)) {
      ring_.needs(JournalRing::kEarlierTurn, log);
    }
  }
  release_until_ = std::max(release_until_, JournalRing::kEarlierTurn);
}

void Journal::flush_behind() {
  release_until_ = ring_.current_turn();
  ring_.close_current();
}

Task<> Journal::release() {
  while (true) {
    const JournalRing::Turn oldest = ring_.oldest_turn();
    const bool wanted = ring_.pressed() || oldest <= release_until_;
    if (oldest != 0 && wanted && !ring_.pinned()) {
      co_await release_oldest();
    } else {
      co_await ring_.pressure().wait();
    }
  }
}

Task<> Journal::release_oldest() {
  const JournalRing::Turn turn = ring_.oldest_turn();
  const std::vector<std::shared_ptr<PartitionLog>> needy = ring_.needy();
  runtime::Scope flushing(env_.loop);
  for (const std::shared_ptr<PartitionLog>& log : needy) {
    if (!log->needs_journal(turn)) continue;
    flushing.spawn("flush", flush(log, turn));
    if (flushing.size() >= kFlushesAtOnce) co_await flushing.join();
  }
  co_await flushing.join();
  const auto lost_without = [&](const auto& log) { return log->lost_without_journal(turn); };
  if (std::ranges::any_of(needy, lost_without)) {
    // Their segments could not be synced: only here are the records that were acknowledged.
    LOG_ERROR("log", "the journal keeps what partitions hold that failed, for the next start");
    ring_.pin();
  } else {
    ring_.release_oldest();
  }
}

Task<> Journal::flush(std::shared_ptr<PartitionLog> log, JournalRing::Turn turn) {
  while (log->needs_journal(turn)) {
    log->need_commit();
    co_await log->flushed().wait();
  }
}

Task<> Journal::idle() {
  while (running_) co_await idle_.wait();
  co_await ring_.idle();
}

}  // namespace millrace::log
