#include "broker/group_shard.h"

#include <fmt/core.h>

#include "base/logging.h"
#include "broker/request.h"
#include "kafka/control_record.h"

namespace millrace::broker {
namespace {

constexpr int64_t kLoadBytes = 1024 * 1024;  // at once; other tasks run between
constexpr size_t kDecompressedBytesMax = 64 * 1024 * 1024;
constexpr Duration kReadyWait = seconds(2);
constexpr Duration kLoadRetry = seconds(1);

// As Kafka writes an address: "/10.0.0.7".
std::string host_text(const runtime::Address& peer) {
  return "/" + peer.host;
}

}  // namespace

GroupShard::TurnEnd::TurnEnd(GroupShard* s)
    : Runnable([](Runnable& self) { static_cast<TurnEnd&>(self).shard->take_actions(); }),
      shard(s) {}

GroupShard::Tick::Tick(GroupShard* s)
    : Timer([](Timer& self) {
        GroupShard& shard = *static_cast<Tick&>(self).shard;
        shard.coordinator().tick(shard.now());
        shard.acted();
      }),
      shard(s) {}

GroupShard::GroupShard(runtime::Env& env, kafka::Compressor& compressor,
                       const group::Config& config, std::shared_ptr<Partition> partition)
    : env_(env),
      config_(config),
      partition_(std::move(partition)),
      builder_(compressor),
      turn_end_(this),
      tick_(this),
      tasks_(env.loop) {}

GroupShard::~GroupShard() = default;

group::Now GroupShard::now() const {
  return {env_.loop.now(), env_.clock.wall()};
}

// Loading

void GroupShard::start() {
  tasks_.spawn("group coordinator load", load());
}

runtime::Task<> GroupShard::ready() {
  const MonoTime limit = env_.loop.now() + kReadyWait;
  while (state_ == State::kLoading) {
    if (!co_await loaded_.wait_until(limit)) co_await fail(Errc::kCoordinatorLoadInProgress);
  }
  if (state_ == State::kStopped) co_await fail(Errc::kNotCoordinator);
}

runtime::Task<> GroupShard::load() {
  const std::string name = partition_->log().name().to_string();
  while (true) {
    auto coordinator = std::make_unique<group::Coordinator>(config_, env_.random.fork());
    const Result<> loaded = co_await as_result(load_once(coordinator.get()));
    if (state_ == State::kStopped) co_return;
    if (loaded) {
      begin(std::move(coordinator));
      co_return;
    }
    LOG_ERROR("broker", "the groups of {} cannot be loaded, next try in {} s: {}", name,
              kLoadRetry.ms() / 1000, loaded.error().message());
    co_await runtime::sleep_until(env_.loop.now() + kLoadRetry);
  }
}

runtime::Task<> GroupShard::load_once(group::Coordinator* into) {
  const std::shared_ptr<log::PartitionLog> log = partition_->shared_log();
  Buffer batches;
  Offset from = log->log_start_offset();
  while (from < log->log_end_offset()) {
    const log::ReadOptions options{.bytes_max = kLoadBytes, .bound = log::ReadBound::kLogEnd};
    const Result<log::ReadResult> read = log->read(from, options);
    if (!read && read.error().code() == Errc::kCorruptMessage) {
      LOG_ERROR("broker", "groups may have lost commits: {}", read.error().message());
      from = from.next();
      continue;
    }
    if (!read) co_await fail(read.error());
    batches.clear();
    co_await read->slice.copy_to(batches);
    from = replay(*into, batches, from);
    co_await runtime::yield();
  }
  // What is not stable yet must not be told to anybody.
  co_await log->durable(log->log_end_offset());
}

Offset GroupShard::replay(group::Coordinator& into, Bytes batches, Offset from) {
  kafka::BatchCursor cursor(batches);
  Offset next = from;
  while (const kafka::RecordBatchView* batch = cursor.next()) {
    if (batch->last_offset() < from) continue;
    next = batch->next_offset();
    if (const Result<> replayed = replay_batch(into, *batch); !replayed) {
      LOG_ERROR("broker", "groups may have lost commits: {}, offsets {} to {}: {}",
                partition_->log().name().to_string(), batch->base_offset().value,
                batch->last_offset().value, replayed.error().message());
    }
  }
  // Nothing whole was there: the read gave us a piece of a batch, so go behind it.
  return next > from ? next : from.next();
}

Result<> GroupShard::replay_batch(group::Coordinator& into, const kafka::RecordBatchView& batch) {
  kafka::RecordCursor records(
      batch, TRY(kafka::decompress_records(batch, decompressor_, batches_, kDecompressedBytesMax)));
  const ProducerId producer = batch.is_transactional() ? batch.producer_id() : kNoProducerId;
  while (const kafka::RecordView* record = records.next()) {
    if (batch.is_control()) {
      const kafka::EndTransactionMarker marker = TRY(kafka::parse_end_transaction_marker(*record));
      into.end_transaction(producer, marker.commit ? group::TransactionResult::kCommit
                                                   : group::TransactionResult::kAbort);
    } else if (record->key) {
      TRY(into.replay({.key = *record->key, .value = record->value}, producer));
    }
  }
  return records.end();
}

void GroupShard::begin(std::unique_ptr<group::Coordinator> coordinator) {
  coordinator_ = std::move(coordinator);
  state_ = State::kActive;
  coordinator_->loaded(now());
  const group::Coordinator::Counts counts = coordinator_->count();
  if (counts.groups > 0) {
    LOG_INFO("broker", "coordinates {} groups and {} offsets of {}", counts.groups, counts.offsets,
             partition_->log().name().to_string());
  }
  loaded_.wake_all();
  acted();
}

// Acting

void GroupShard::acted() {
  env_.loop.at_turn_end(turn_end_);
}

void GroupShard::take_actions() {
  if (state_ != State::kActive) return;
  group::Actions actions = coordinator_->take_actions();
  env_.loop.timers().start(tick_, coordinator_->next_deadline());
  if (actions.empty()) return;
  if (const Result<> appended = append(actions.records); !appended) {
    held_.push_back({kNoOffset, std::move(actions)});
    fall(appended.error());
    return;
  }
  if (actions.records.empty() && held_.empty()) {
    deliver(std::move(actions));
    return;
  }
  held_.push_back({partition_->log().log_end_offset(), std::move(actions)});
  if (!std::exchange(releasing_, true)) tasks_.spawn("group coordinator replies", release());
}

// As many batches as it takes; a single record fits into one by the coordinator's own bound.
Result<> GroupShard::append(const std::vector<group::Record>& records) {
  if (records.empty()) return {};
  const auto batch_bytes_max = static_cast<size_t>(partition_->log().config().max_message_bytes);
  const kafka::BatchOptions options{.partition_leader_epoch = partition_->leader_epoch()};
  const Timestamp wall = env_.clock.wall();
  batches_.clear();
  builder_.begin(options);
  for (const group::Record& record : records) {
    const kafka::Record row{.timestamp = wall, .key = record.key, .value = record.value};
    const size_t grown =
        builder_.size_uncompressed() + kafka::RecordBatchBuilder::record_size_max(row);
    if (!builder_.empty() && grown > batch_bytes_max) {
      batches_.append(TRY(builder_.finish()));
      builder_.begin(options);
    }
    TRY(builder_.append(row));
  }
  batches_.append(TRY(builder_.finish()));
  TRY(partition_->log().append_own(batches_.mutable_bytes(), partition_->leader_epoch()));
  return {};
}

runtime::Task<> GroupShard::release() {
  const std::shared_ptr<log::PartitionLog> log = partition_->shared_log();
  while (!held_.empty()) {
    const uint64_t loads = loads_;
    const Result<> stable = co_await as_result(log->durable(held_.front().end));
    if (loads != loads_) continue;  // what was held then was refused meanwhile
    if (!stable) {
      fall(stable.error());
      continue;
    }
    group::Actions actions = std::move(held_.front().actions);
    held_.pop_front();
    deliver(std::move(actions));
  }
  releasing_ = false;
}

void GroupShard::deliver(group::Actions actions) {
  const std::shared_ptr<Arena> memory = std::move(actions.memory);
  for (group::Reply& reply : actions.replies) {
    const auto found = calls_.find(reply.token.value);
    if (found == calls_.end()) continue;  // its client has gone
    GroupCall& call = *found->second;
    call.response_.emplace(reply.response);
    call.memory_ = memory;
    call.answered_.wake_all();
  }
}

// The state is ahead of the log: forget it and load what the log has.
void GroupShard::fall(const Error& error) {
  const std::string line =
      fmt::format("the groups of {} are loaded again, because their log failed: {}",
                  partition_->log().name().to_string(), error.message());
  // On a full disk each attempt of a client to join ends here.
  if (fallen_.is_news(line, env_.loop.now())) LOG_ERROR("broker", "{}", line);
  stop(group::coordinator_error(error.code()));
  state_ = State::kLoading;
  start();
}

void GroupShard::stop(Errc why) {
  if (state_ == State::kStopped) return;
  const bool was_active = state_ == State::kActive;
  state_ = State::kStopped;
  ++loads_;
  loaded_.wake_all();
  tick_.stop();
  for (Held& held : held_) {
    for (group::Reply& reply : held.actions.replies) group::refuse(reply, why);
    deliver(std::move(held.actions));
  }
  held_.clear();
  if (!was_active) return;
  coordinator_->unload(why);
  deliver(coordinator_->take_actions());
}

runtime::Task<> GroupShard::join() {
  return tasks_.close();
}

// GroupCall

GroupCall::GroupCall(std::shared_ptr<GroupShard> shard, Request& request)
    : shard_(std::move(shard)), client_host_(host_text(request.connection().peer)) {
  context_.token = group::Token(shard_->next_token_++);
  context_.version = request.version();
  context_.client_id = request.client_id();
  context_.client_host = client_host_;
  context_.now = shard_->now();
  shard_->calls_.emplace(context_.token.value, this);
}

GroupCall::~GroupCall() {
  shard_->calls_.erase(context_.token.value);
}

runtime::Task<const group::AnyResponse*> GroupCall::reply() {
  shard_->acted();
  while (!response_) co_await answered_.wait();
  co_return &*response_;
}

}  // namespace millrace::broker
