// LogDirectory: which partitions are loaded before anything is served, which later, and what the
// journal brings back.
#include <fmt/core.h>

#include <algorithm>

#include "base/logging.h"
#include "log/log_directory.h"
#include "log/partition_metadata.h"

namespace millrace::log {

using runtime::join_path;
using runtime::Task;

namespace {

constexpr std::string_view kMetadataTopic = "__cluster_metadata";
constexpr Duration kLoadingPerTurn = milliseconds(1);
constexpr Duration kTryAgain = seconds(1);

// How far the log was, as the checkpoint tells. No log gets as far as a damaged one may say, and
// behind that no record would find an offset.
Offset reached(const OffsetCheckpoint& checkpoint, const TopicPartition& name) {
  constexpr Offset kMost{int64_t{1} << 62};
  const Offset told = offset_of(checkpoint, name);
  if (told <= kMost) return told;
  LOG_WARNING("log", "{}: a checkpoint says offset {}, where no log gets; it is not believed",
              name.to_string(), told.value);
  return Offset(0);
}

// Others have the descriptors or the memory now.
bool will_pass(const Error& error) {
  return error.code() == Errc::kOverloaded;
}

JournalRecovery::Key key_of(const PartitionLog& log) {
  return {log.topic_id(), log.name().partition};
}

}  // namespace

bool LogDirectory::has_partitions() const {
  return std::ranges::any_of(
      unopened_, [](const TopicPartition& name) { return name.topic != kMetadataTopic; });
}

bool LogDirectory::is_waiting(const TopicPartition& name) const {
  return loading_ == name || (unopened_.contains(name) && !unloadable_.contains(name));
}

// Those that could not be loaded are not opened either.
size_t LogDirectory::waiting_count() const {
  return unopened_.size() - unloadable_.size();
}

std::vector<TopicPartition> LogDirectory::waiting() const {
  std::vector<TopicPartition> names;
  for (const TopicPartition& name : unopened_) {
    if (name.topic != kMetadataTopic && is_waiting(name)) names.push_back(name);
  }
  return names;
}

LogCheckpoints LogDirectory::checkpoints_of(const TopicPartition& name) const {
  if (removed_names_.contains(name)) return {.clean = was_clean_};
  return {.clean = was_clean_,
          .recovery_point = reached(recovery_points_, name),
          .log_start = offset_of(log_starts_, name),
          .log_start_lost = log_starts_lost_,
          .high_watermark = reached(high_watermarks_, name),
          .first_dirty = offset_of(cleaner_offsets_, name)};
}

// After an orderly stop files are as they were left, and what the checkpoints tell of one is enough
// until somebody asks for it. After a crash the journal is replayed over those of which it has
// something; the others need it as little as it needs them.
bool LogDirectory::can_wait(const TopicPartition& name, const Facts& facts) const {
  if (was_clean_) return !log_starts_lost_ && recovery_points_.contains(name);
  const bool is_known = !facts.topic_id.is_zero() && !removed_names_.contains(name);
  return is_known && !recovery_->holds({facts.topic_id, name.partition});
}

Task<> LogDirectory::load(FactsOf facts_of, std::function<void(const LoadProgress&)> progress) {
  std::vector<TopicPartition> names = waiting();
  std::erase_if(names, [&](const TopicPartition& name) { return can_wait(name, facts_of(name)); });
  LoadProgress state{.partitions_total = names.size()};
  for (const TopicPartition& name : names) {
    state.current = &name;
    if (progress) progress(state);
    const Result<> loaded =
        co_await runtime::as_result(load_partition(name, facts_of(name), &state.bytes_scanned));
    if (!loaded) {
      if (loaded.error().code() == Errc::kCancelled) co_return;
      give_up(name, loaded.error());
    }
    ++state.partitions_done;
    co_await committer_.few_waiting();
  }
  state.current = nullptr;
  if (progress) progress(state);
  co_await replay_journal();
  co_await restore_recovery_points();
  is_loaded_ = true;
}

void LogDirectory::give_up(const TopicPartition& name, const Error& why) {
  LOG_ERROR("log", "{} cannot be loaded: {}", name.to_string(), why.message());
  unloadable_.emplace(name, why);
}

// Brings what was loaded up to date from the journal.
Task<> LogDirectory::replay_journal() {
  std::map<JournalRecovery::Key, std::shared_ptr<PartitionLog>> by_id;
  for (const auto& [name, log] : logs_) by_id.emplace(key_of(*log), log);
  co_await recovery_->replay([&](const JournalRecovery::Key& key) {
    const auto found = by_id.find(key);
    return found == by_id.end() ? nullptr : found->second;
  });
  for (const auto& [name, log] : logs_) log->end_recovery();
  const JournalRecovery::Report& report = recovery_->report();
  if (report.frames == 0) co_return;
  LOG_INFO(
      "log", "{}: the server was not stopped in order; {} frames of the journal were read, and {}",
      path(), report.frames,
      report.batches_restored == 0 ? "nothing had to be brought back"
                                   : fmt::format("{} batches brought back that the segments lacked",
                                                 report.batches_restored));
}

// Partitions that are still without their records from the journal may get them in a later start.
void LogDirectory::end_recovery() {
  if (!recovery_) return;
  if (unloadable_.empty()) {
    std::vector<std::shared_ptr<PartitionLog>> restored;
    for (const auto& [name, log] : logs_) {
      if (recovery_->holds(key_of(*log))) restored.push_back(log);
    }
    journal_.adopt_earlier(restored);
  } else if (!recovery_->files().empty()) {
    LOG_WARNING("log", "{}: the journal's files are kept, for partitions that could not be loaded",
                path());
  }
  journal_.end_recovery();
  recovery_.reset();
  removed_names_.clear();
}

// What loading makes of one partition.
struct LogDirectory::Loading {
  std::shared_ptr<PartitionLog> log;
  LogLoader loader;
};

Result<LogDirectory::Loading> LogDirectory::begin_load(const TopicPartition& name, Facts facts) {
  TRY(forget_clean_stop());
  const TopicId id = TRY(read_topic_id(name));
  auto log = std::make_shared<PartitionLog>(services_, name, id, std::move(facts.config));
  if (id.is_zero() && !facts.topic_id.is_zero()) TRY(log->record_topic_id(facts.topic_id));
  LogCheckpoints checkpoints = checkpoints_of(name);
  if (recovery_) {
    checkpoints.recovery_point =
        recovery_->recovery_point(key_of(*log), checkpoints.recovery_point);
  }
  log->recovery_point_too_high_ = offset_of(recovery_points_, name) > checkpoints.recovery_point;
  return Loading{log, LogLoader(services_, log, checkpoints)};
}

void LogDirectory::end_load(Loading loaded) {
  const LoadReport& report = loaded.loader.report();
  if (report.files_lost && recovery_) recovery_->note_lost(key_of(*loaded.log));
  recovery_points_lost_ = recovery_points_lost_ || report.recovery_point_lost;
  loaded.log->advance_own_high_watermark();
  unopened_.erase(loaded.log->name());
  logs_.emplace(loaded.log->name(), std::move(loaded.log));
}

Task<> LogDirectory::load_partition(TopicPartition name, Facts facts, int64_t* bytes_scanned) {
  Loading loading = co_await begin_load(name, std::move(facts));
  co_await loading.loader.load();
  *bytes_scanned += loading.loader.report().bytes_scanned;
  end_load(std::move(loading));
}

// Zero when the file is missing or damaged: it is stable before anything else in the directory is.
Result<TopicId> LogDirectory::read_topic_id(const TopicPartition& name) {
  const std::string directory = join_path(path(), name.to_string());
  const Result<TopicId> id = read_partition_metadata(services_.env.disk, directory);
  if (id || (id.error().code() != Errc::kNotFound && id.error().code() != Errc::kCorruptFile)) {
    return id;
  }
  if (id.error().code() == Errc::kCorruptFile) {
    LOG_WARNING("log", "{}: {}; it is written anew once the topic is known", directory,
                id.error().message());
  }
  return TopicId{};
}

Task<std::shared_ptr<PartitionLog>> LogDirectory::load_one(
    TopicPartition name, TopicId id, std::shared_ptr<const LogConfig> config) {
  if (is_waiting(name)) {
    int64_t bytes_scanned = 0;
    co_await load_partition(name, {config, id}, &bytes_scanned);
    const std::shared_ptr<PartitionLog> log = find(name);
    co_await recovery_->replay_now(log);
    log->end_recovery();
    co_await restore_recovery_points();
  }
  co_return co_await create(name, id, std::move(config));
}

// After an orderly stop and without the file, a crash would have everything read again, and rot in
// it be taken for what a crash has left incomplete. So the file is there again before anything is
// acknowledged.
Task<> LogDirectory::restore_recovery_points() {
  if (!std::exchange(recovery_points_lost_, false)) co_return;
  const Result<> written =
      co_await runtime::as_result(write_checkpoint(Checkpoint::kRecoveryPoint));
  if (!written) LOG_WARNING("log", "{}", written.error().message());
}

Task<> LogDirectory::stable() {
  for (auto next = logs_.begin(); next != logs_.end();) {
    const std::shared_ptr<PartitionLog> log = (next++)->second;  // it may go
    co_await make_stable(log);
  }
}

Task<> LogDirectory::make_stable(std::shared_ptr<PartitionLog> log) {
  co_await runtime::as_result(log->durable(log->log_end_offset()));
  if (!log->failure() || log->name().topic == kMetadataTopic) co_return;
  unloadable_.emplace(log->name(), *log->failure());
  unopened_.insert(log->name());
  log->close();
  logs_.erase(log->name());
}

// Those that wait.

Result<bool> LogDirectory::load_now(const TopicPartition& name, Facts facts) {
  if (!is_waiting(name)) return true;
  if (loading_ == name || asked_.contains(name)) return false;
  Result<bool> loaded = was_clean_ ? open_as_left(name, std::move(facts)) : false;
  if (!loaded && will_pass(loaded.error())) loaded = false;
  if (!loaded) give_up(name, loaded.error());
  if (loaded && !*loaded) asked_.insert(name);
  return loaded;
}

Result<bool> LogDirectory::open_as_left(const TopicPartition& name, Facts facts) {
  Loading loading = TRY(begin_load(name, std::move(facts)));
  if (!TRY(loading.loader.load_now())) return false;
  end_load(std::move(loading));
  return true;
}

// Several in one turn of the loop: clients that ask for thousands of them make for long turns.
Task<> LogDirectory::load_waiting(FactsOf facts_of,
                                  std::function<void(const TopicPartition&)> on_loaded,
                                  std::function<void(const LoadProgress&)> progress) {
  const std::vector<TopicPartition> names = waiting();
  LoadProgress state{.partitions_total = names.size()};
  MonoTime yield_at = services_.env.clock.mono() + kLoadingPerTurn;
  for (size_t next = 0; next < names.size() || !asked_.empty();) {
    TopicPartition name;
    if (asked_.empty()) {
      name = names[next++];
    } else {
      name = std::move(asked_.extract(asked_.begin()).value());
    }
    if (!is_waiting(name)) continue;
    state.current = &name;
    state.partitions_done = names.size() - std::min(names.size(), waiting_count());
    if (progress) progress(state);
    co_await load_behind(name, facts_of(name), &state.bytes_scanned);
    if (!is_waiting(name)) on_loaded(name);
    co_await committer_.few_waiting();
    if (services_.env.clock.mono() < yield_at) continue;
    co_await runtime::yield();
    yield_at = services_.env.clock.mono() + kLoadingPerTurn;
  }
  state.current = nullptr;
  state.partitions_done = names.size();
  if (progress) progress(state);
}

// It serves once it is as stable as one that was loaded before the start.
Task<> LogDirectory::load_behind(TopicPartition name, Facts facts, int64_t* bytes_scanned) {
  loading_ = name;
  const Result<> loaded =
      co_await runtime::as_result(load_partition(name, std::move(facts), bytes_scanned));
  if (!loaded && loaded.error().code() == Errc::kCancelled) co_await loaded;
  if (!loaded && will_pass(loaded.error())) {
    LOG_WARNING("log", "{} is tried again in a second: {}", name.to_string(),
                loaded.error().message());
    asked_.insert(name);
    co_await runtime::sleep_until(services_.env.loop.now() + kTryAgain);
  } else if (!loaded) {
    give_up(name, loaded.error());
  }
  if (const std::shared_ptr<PartitionLog> log = find(name)) {
    log->end_recovery();
    co_await make_stable(log);
  }
  co_await restore_recovery_points();
  loading_.reset();
  const std::optional<DirectoryKind> away = std::exchange(away_when_loaded_, std::nullopt);
  if (!away || unloadable_.contains(name)) co_return;
  const Result<> gone = rename_away(name, *away);
  if (!gone) LOG_ERROR("log", "{}", gone.error().message());
}

// One that has lines and no directory has lost it, and what was given out there stays given out.
Result<> LogDirectory::go_on_behind_loss(PartitionLog& log) {
  if (!recovery_) return {};
  LogCheckpoints left = checkpoints_of(log.name());
  left.recovery_point = recovery_->recovery_point(key_of(log), left.recovery_point);
  if (left.end() == Offset(0)) return {};
  if (left.log_start < left.end()) {
    log.report_missing(left.log_start, left.end(), "its directory is gone");
  }
  recovery_->note_lost(key_of(log));
  Result<> begun = log.restart_at(left.end());
  if (!begun) {  // a later attempt would not know
    unloadable_.emplace(log.name(), begun.error());
    unopened_.insert(log.name());
  }
  return begun;
}

}  // namespace millrace::log
