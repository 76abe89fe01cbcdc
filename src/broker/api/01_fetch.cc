// Fetch, v4 to v18: reads records, and waits for them if there are too few.
//
// Promises: incremental sessions (KIP-227); a parked fetch costs nothing until one of its
// partitions shows more, fails or is deleted, or its time is up. Readers see what is below the high
// watermark, with read_committed below the last stable offset. At least one whole batch is returned
// however small the limits; the partitions served move behind the others, so that none starves. An
// error in any partition is told at once. Differences: batches are never cut; what does not fit
// whole comes with the next fetch. There are no followers: a fetch by a replica gets
// UNKNOWN_LEADER_EPOCH, as from a broker that has not heard of that replica yet.
//
// Records go from the page cache to the socket, small ones by way of memory. What must come from
// the disk first is brought while the loop goes on (cold_reads.h).
#include <fmt/core.h>

#include "broker/api/handlers.h"
#include "broker/fetch.h"
#include "broker/leader_hint.h"
#include "broker/memory_budget.h"
#include "broker/server.h"
#include "broker/topics.h"
#include "kafka/messages/fetch.h"

namespace millrace::broker {
namespace {

using kafka::FetchRequest;
using kafka::FetchResponse;

constexpr int16_t kFirstVersionWithSessions = 7;
constexpr int16_t kFirstVersionWithZstd = 10;
constexpr int16_t kFirstVersionWithTopicIds = 13;
constexpr int16_t kFirstVersionWithReplicaState = 15;
constexpr int16_t kFirstVersionWithHints = 16;
constexpr int8_t kReadCommitted = 1;
constexpr int64_t kAnswerBytesFloor = 1024 * 1024;  // however little memory is left
// Of a partition, so few records are copied into the answer, for one write sends many partitions;
// more are sent from the file. Measured on loopback, CPU of both sides per partition: at 4 KiB
// 2.8 us copied and 4.4 us from the file, at 8 KiB 4.7 and 5.1, at 16 KiB 9.5 and 8.7, at 64 KiB 33
// and 25.
constexpr int64_t kCopiedBytesMax = 16 * 1024 - 1;

FetchOptions options_of(const FetchRequest& wanted, Request& request) {
  FetchOptions options;
  const int64_t limit = request.node().settings.get<"fetch.max.bytes">();
  options.bytes_max = std::clamp<int64_t>(wanted.max_bytes, 1, limit);
  options.bytes_min = std::min<int64_t>(std::max(wanted.min_bytes, 0), options.bytes_max);
  options.replica = request.version() >= kFirstVersionWithReplicaState
                        ? wanted.replica_state.replica_id
                        : wanted.replica_id;
  if (wanted.isolation_level == kReadCommitted) {
    options.bound = log::ReadBound::kLastStable;
    options.with_aborted = true;
  }
  return options;
}

// One answer: from findings to message.
class FetchAnswer {
 public:
  FetchAnswer(Request& request, const FetchPlan& plan, const FetchOptions& options)
      : request_(request), plan_(plan), options_(options) {}

  void fill(std::vector<FetchFinding>& findings) {
    answer_.session_id = plan_.session_id;
    std::vector<size_t> told;
    for (size_t i = 0; i < findings.size(); ++i) {
      if (must_list(findings[i])) told.push_back(i);
    }
    Arena& arena = request_.arena();
    partitions_ = arena.make_array<FetchResponse::Partition>(told.size());
    topics_ = arena.make_array<FetchResponse::Topic>(told.size());
    size_t topic_count = 0;
    for (size_t i = 0; i < told.size(); ++i) {
      FetchFinding& finding = findings[told[i]];
      fill_partition(finding, partitions_[i]);
      if (i > 0 && same_topic(*findings[told[i - 1]].target, *finding.target)) {
        FetchResponse::Topic& topic = topics_[topic_count - 1];
        topic.partitions = {topic.partitions.data(), topic.partitions.size() + 1};
      } else {
        FetchResponse::Topic& topic = topics_[topic_count++];
        topic.topic = arena.copy(finding.target->topic);
        topic.topic_id = finding.target->topic_id;
        topic.partitions = partitions_.subspan(i, 1);
      }
    }
    answer_.responses = topics_.first(topic_count);
    if (hinted_) hint_endpoints(request_, answer_);
    remember(findings, told);
  }

  Result<> send() { return request_.answer(answer_); }

 private:
  static bool same_topic(const FetchTarget& a, const FetchTarget& b) {
    return a.topic_id == b.topic_id && a.topic == b.topic;
  }

  bool must_list(const FetchFinding& finding) const {
    const FetchTarget& target = *finding.target;
    return !plan_.incremental || finding.must_be_told() || !finding.records.empty() ||
           finding.high_watermark != target.told_high_watermark ||
           finding.log_start_offset != target.told_log_start;
  }

  void fill_partition(FetchFinding& finding, FetchResponse::Partition& answer) {
    if (request_.version() < kFirstVersionWithZstd && holds_zstd(finding.copied)) {
      finding.error = Errc::kUnsupportedCompressionType;
    }
    answer.partition_index = finding.target->partition;
    answer.error_code = wire_code(finding.error);
    answer.aborted_transactions = std::nullopt;
    if (finding.error != Errc::kNone) {
      answer.high_watermark = kNoOffset;
      hint(finding, answer);
      return;
    }
    answer.high_watermark = finding.high_watermark;
    answer.last_stable_offset = finding.last_stable_offset;
    answer.log_start_offset = finding.log_start_offset;
    if (finding.diverging) {
      answer.diverging_epoch.epoch = finding.diverging->epoch;
      answer.diverging_epoch.end_offset = finding.diverging->end_offset;
      return;
    }
    if (options_.with_aborted && !add_aborted(finding, answer)) return;
    answer.records = records_of(finding);
  }

  kafka::Records records_of(const FetchFinding& finding) {
    if (finding.records.empty() || !finding.copied.empty()) return kafka::Records(finding.copied);
    return request_.response().from_file({.slice = finding.records,
                                          .log = finding.partition->shared_log(),
                                          .offset = finding.target->fetch_offset,
                                          .truncations = finding.truncations});
  }

  static bool holds_zstd(Bytes records) {
    kafka::BatchCursor cursor(records, kafka::CrcCheck::kSkip);
    while (const kafka::RecordBatchView* batch = cursor.next()) {
      if (batch->codec() == kafka::Codec::kZstd) return true;
    }
    return false;
  }

  void hint(const FetchFinding& finding, FetchResponse::Partition& answer) {
    if (!has_leader_hint(finding.error) || !finding.partition ||
        request_.version() < kFirstVersionWithHints) {
      return;
    }
    hint_leader(request_.node(), *finding.partition, answer);
    hinted_ = true;
  }

  // False when they cannot be told, and so the records must not be.
  bool add_aborted(const FetchFinding& finding, FetchResponse::Partition& answer) {
    answer.aborted_transactions.emplace();
    if (finding.records.empty()) return true;
    const auto aborted = finding.partition->log().aborted_transactions(finding.target->fetch_offset,
                                                                       finding.records_end);
    if (!aborted) {
      answer.error_code = aborted.error().kafka_code();
      answer.records = kafka::Records();
      return false;
    }
    answer.aborted_transactions =
        request_.arena().make_array<FetchResponse::AbortedTransaction>(aborted->size());
    for (size_t i = 0; i < aborted->size(); ++i) {
      (*answer.aborted_transactions)[i].producer_id = (*aborted)[i].producer_id;
      (*answer.aborted_transactions)[i].first_offset = (*aborted)[i].first_offset;
    }
    return true;
  }

  // What the session's client knows from now on, and who is served last next time.
  void remember(std::vector<FetchFinding>& findings, const std::vector<size_t>& told) const {
    if (plan_.session_id == 0) return;
    for (const size_t i : told) {
      const FetchFinding& finding = findings[i];
      const bool failed = finding.error != Errc::kNone;
      finding.target->told_high_watermark = failed ? kNoOffset : finding.high_watermark;
      finding.target->told_log_start = failed ? kNoOffset : finding.log_start_offset;
      if (!finding.records.empty()) plan_.session->move_to_end(finding.target);
    }
  }

  Request& request_;
  const FetchPlan& plan_;
  const FetchOptions& options_;
  FetchResponse answer_;
  std::span<FetchResponse::Topic> topics_;
  std::span<FetchResponse::Partition> partitions_;
  bool hinted_ = false;
};

Result<> refuse(Request& request, const Error& error) {
  if (request.version() < kFirstVersionWithSessions) return fail(error);
  FetchResponse answer;
  answer.error_code = error.kafka_code();
  return request.answer(answer);
}

// Has brought from the disk what must be seen to know what there is. False when a newer request has
// taken the session over.
runtime::Task<bool> bring_cold(Request* request, const FetchPlan* plan, FetchRead* read) {
  while (read->cold()) {
    const log::FileSlice slice = *read->cold();
    const Result<> brought = co_await as_result(
        request->node().server.cold_reads().bring(slice.file, slice.position, slice.size));
    if (!plan->session->holds(plan->ticket)) co_return false;
    read->look_at_cold(brought);
  }
  co_return true;
}

// Parks until enough has come, something must be told, or the time is up. False when a newer
// request has taken the session over.
runtime::Task<bool> wait_for_more(Request* request, const FetchPlan* plan, FetchRead* read,
                                  Duration wait_max, int64_t bytes_min) {
  const MonoTime now = request->node().env.loop.now();
  FetchWait wait(
      request->node().fetch_waits,
      {.who = fmt::format("{} at {}", request->describe(), request->connection().peer.to_string()),
       .since = now,
       .deadline = now + wait_max,
       .bytes_min = bytes_min,
       .bytes_ready = read->bytes()});
  read->watch(wait);
  while (!read->is_due()) {
    const bool changed = co_await wait.changed();
    if (!plan->session->holds(plan->ticket)) co_return false;
    if (!changed) break;
    read->look_again(wait);
    if (read->cold() && !co_await bring_cold(request, plan, read)) co_return false;
  }
  co_return true;
}

// What is copied must be seen whole: by us, for what old clients cannot read, or it is small.
bool is_copied(const FetchFinding& finding, const Request& request) {
  return !finding.records.empty() &&
         (finding.records.size <= kCopiedBytesMax || request.version() < kFirstVersionWithZstd);
}

Result<> check_unchanged(const FetchFinding& finding) {
  if (finding.partition->log().holds_as_read(finding.truncations)) return {};
  return fail(Errc::kKafkaStorageError, "the log was cut or has failed meanwhile");
}

Result<> try_copy(const FetchFinding& finding, Buffer& into) {
  TRY(check_unchanged(finding));
  return finding.records.try_copy_to(into);
}

// Asks the disk for it first.
runtime::Task<> copy_cold(Request* request, FetchFinding* finding, Buffer* into) {
  const log::FileSlice slice = finding->records;
  co_await request->node().server.cold_reads().bring(slice.file, slice.position, slice.size);
  co_await check_unchanged(*finding);
  co_await slice.copy_to(*into);
}

// Copies what `is_copied` into memory that the response keeps.
runtime::Task<> copy_small(Request* request, std::vector<FetchFinding>* findings, int64_t bytes) {
  Buffer memory(static_cast<size_t>(bytes));  // views of it stay valid: it does not grow
  for (FetchFinding& finding : *findings) {
    if (!is_copied(finding, *request)) continue;
    const size_t before = memory.size();
    Result<> copied = try_copy(finding, memory);
    if (!copied && copied.error().code() == Errc::kWouldBlock) {
      copied = co_await as_result(copy_cold(request, &finding, &memory));
    }
    if (copied) {
      finding.copied = memory.bytes().subspan(before);
    } else {
      finding.partition->log().report_unreadable(copied.error());
      finding.error = Errc::kKafkaStorageError;
      finding.records = {};
    }
  }
  request->response().keep(std::move(memory));
}

// All there is to know before the answer is written. False when a newer request has taken the
// session over.
runtime::Task<bool> find_records(Request* request, const FetchRequest* wanted,
                                 const FetchPlan* plan, FetchRead* read,
                                 const FetchOptions* options) {
  if (read->cold() && !co_await bring_cold(request, plan, read)) co_return false;
  if (!read->is_due() && wanted->max_wait_ms > 0 && plan->session->size() > 0) {
    const bool ours = co_await wait_for_more(request, plan, read, milliseconds(wanted->max_wait_ms),
                                             options->bytes_min);
    if (!ours) co_return false;
  }
  const bool copies_all = request->version() < kFirstVersionWithZstd;
  const int64_t bytes_max =
      copies_all ? request->node().answer_budget.share(kAnswerBytesFloor) : options->bytes_max;
  while (!read->bound(bytes_max)) {
    if (!co_await bring_cold(request, plan, read)) co_return false;
  }
  int64_t copied_bytes = 0;
  for (const FetchFinding& finding : read->findings()) {
    if (is_copied(finding, *request)) copied_bytes += finding.records.size;
  }
  if (copied_bytes == 0) co_return true;
  request->response().keep(co_await request->node().answer_budget.take(copied_bytes));
  co_await copy_small(request, &read->findings(), copied_bytes);
  co_return plan->session->holds(plan->ticket);
}

}  // namespace

runtime::Task<> handle_fetch(Request* request) {
  Node& node = request->node();
  const auto wanted = co_await request->decode<FetchRequest>();
  const FetchOptions options = options_of(wanted, *request);
  const bool by_topic_id = request->version() >= kFirstVersionWithTopicIds;
  const Result<FetchPlan> plan = node.fetch_sessions.plan(
      wanted, by_topic_id, options.replica >= BrokerId(0), node.env.loop.now());
  if (!plan) {
    co_await refuse(*request, plan.error());
    co_return;
  }
  FetchRead read(node.topics, *plan->session, options);
  if (!co_await find_records(request, &wanted, &*plan, &read, &options)) {
    co_await refuse(*request,
                    Error(Errc::kInvalidFetchSessionEpoch, "another request uses the session"));
    co_return;
  }
  FetchAnswer answer(*request, *plan, options);
  answer.fill(read.findings());
  co_await answer.send();
}

}  // namespace millrace::broker
