// Each checker against a small correct history, and against the same history with one thing
// planted.
#include "tests/simulation/checkers.h"

#include <string>
#include <utility>

#include "base/testing.h"

namespace millrace::scenario {
namespace {

MonoTime at(int64_t second) {
  return MonoTime{} + seconds(second);
}

// Two partitions, ten acknowledged records each, read by a group of two members that commit, and a
// final log. Record n of partition p is 100 * p + n + 1, has key "k<n % 3>" and offset n.
History correct() {
  History history;
  history.add_partition({.topic = "t", .partition = 0});
  history.add_partition({.topic = "t", .partition = 1});
  for (PartitionNumber p = 0; p < 2; ++p) {
    Read log{.partition = p,
             .from = Offset(0),
             .to = Offset(10),
             .log_start = Offset(0),
             .high_watermark = Offset(10),
             .began = at(100),
             .ended = at(101),
             .server_wall = Timestamp{101'000}};
    for (int64_t n = 0; n < 10; ++n) {
      const auto record = static_cast<uint64_t>(100 * p) + static_cast<uint64_t>(n) + 1;
      const SendNumber send = history.begin_send({.record = record,
                                                  .producer = 1,
                                                  .partition = p,
                                                  .key = "k" + std::to_string(n % 3),
                                                  .content = record * 7,
                                                  .size_max = 100,
                                                  .timestamp = Timestamp{n * 1'000},
                                                  .began = at(n)});
      history.end_send(send, Outcome::kAcknowledged, Offset(n), at(n + 1));
      log.records.push_back({.offset = Offset(n),
                             .record = record,
                             .content = record * 7,
                             .timestamp = Timestamp{n * 1'000}});
    }
    Read first = log;
    first.reader = static_cast<int32_t>(p);
    first.group = "g";
    first.began = at(20);
    first.ended = at(21);
    history.reads.push_back(std::move(first));
    history.final_logs[p] = std::move(log);
    const std::string member = "m" + std::to_string(p);
    history.assignments.push_back({.group = "g",
                                   .member = member,
                                   .generation = GenerationId(1),
                                   .partitions = {p},
                                   .at = at(15)});
    const CommitNumber commit = history.begin_commit({.group = "g",
                                                      .member = member,
                                                      .generation = GenerationId(1),
                                                      .partition = p,
                                                      .offset = Offset(10),
                                                      .began = at(30)});
    history.end_commit(commit, Outcome::kAcknowledged, at(31));
    history.committed_reads.push_back(
        {.group = "g", .partition = p, .offset = Offset(10), .began = at(40), .ended = at(41)});
  }
  history.samples.push_back({.what = "connections", .value = 3, .limit = 3, .at = at(5)});
  return history;
}

ReadRecord& final_record(History& history, size_t n) {
  return history.final_logs[0].records[n];
}

void erase_final(History& history, size_t n) {
  auto& records = history.final_logs[0].records;
  records.erase(records.begin() + static_cast<int64_t>(n));
}

// The rules that a history breaks, each once.
std::string broken(const History& history) {
  std::string rules;
  for (const Violation& violation : check_all(history).violations()) {
    if (rules.contains(violation.rule)) continue;
    rules += rules.empty() ? violation.rule : ", " + violation.rule;
  }
  return rules;
}

bool breaks(const History& history, std::string_view rule) {
  return broken(history).contains(rule);
}

TEST_CASE("a correct history breaks no rule") {
  CHECK(broken(correct()) == "");
}

TEST_CASE("an acknowledged record that is gone is found, with its partition and offset") {
  History history = correct();
  erase_final(history, 9);
  history.final_logs[0].high_watermark = Offset(9);
  const Report report = check_all(history);
  REQUIRE(report.count() > 0);
  CHECK(report.violations()[0].rule == "nothing lost");
  CHECK(report.violations()[0].text.contains("t-0 record 10"));
  CHECK(report.violations()[0].text.contains("offset 9"));
}

TEST_CASE("a record that was not acknowledged may be lost or kept") {
  History history = correct();
  history.sends[9].outcome = Outcome::kUnknown;
  CHECK(broken(history) == "");
  erase_final(history, 9);
  history.final_logs[0].high_watermark = Offset(9);
  history.final_logs[0].to = Offset(9);
  history.reads.clear();
  history.commits.clear();
  history.committed_reads.clear();
  CHECK(broken(history) == "");
}

TEST_CASE("a record in two places is found when its producer is idempotent") {
  History history = correct();
  history.final_logs[0].records.push_back(
      {.offset = Offset(10), .record = 5, .content = 35, .timestamp = Timestamp{0}});
  history.final_logs[0].high_watermark = history.final_logs[0].to = Offset(11);
  CHECK(breaks(history, "nothing doubled"));
  for (Send& send : history.sends) send.idempotent = false;
  CHECK(broken(history) == "");
}

TEST_CASE("what nobody sent, or sent otherwise, or elsewhere, or was refused, is found") {
  History unknown = correct();
  final_record(unknown, 3).record = 999;
  CHECK(breaks(unknown, "nothing invented"));
  History changed = correct();
  final_record(changed, 3).content ^= 1;
  CHECK(breaks(changed, "nothing invented"));
  History elsewhere = correct();
  final_record(elsewhere, 3) = elsewhere.final_logs[1].records[3];
  CHECK(breaks(elsewhere, "nothing invented"));
  History refused = correct();
  refused.sends[3].outcome = Outcome::kRefused;
  CHECK(broken(refused) == "nothing invented");
}

TEST_CASE("an offset that means two records is found, among readers and against what was told") {
  History history = correct();
  std::swap(history.reads[0].records[2].record, history.reads[0].records[3].record);
  std::swap(history.reads[0].records[2].content, history.reads[0].records[3].content);
  CHECK(breaks(history, "offsets stable"));
  History told = correct();
  std::swap(told.sends[2].offset, told.sends[3].offset);
  CHECK(breaks(told, "offsets stable"));
}

TEST_CASE("a hole in a log is found where nothing compacts") {
  History history = correct();
  erase_final(history, 4);
  history.sends[4].outcome = Outcome::kUnknown;
  for (Read& read : history.reads)
    std::erase_if(read.records, [](auto& r) { return r.record == 5; });
  CHECK(broken(history) == "offsets dense");
  history.partitions[0].compacts = true;
  CHECK(broken(history) == "");
}

TEST_CASE("records of one producer in another order than it sent them are found") {
  History history = correct();
  std::swap(history.sends[2], history.sends[3]);  // began in the other order
  CHECK(broken(history) == "producer order");
  history.sends[2].producer = 2;
  CHECK(broken(history) == "");
}

TEST_CASE("a high watermark that goes back, or is below what was acknowledged, is found") {
  History back = correct();
  Read later = back.reads[0];
  later.began = at(50);
  later.ended = at(51);
  later.to = later.from;
  later.high_watermark = Offset(8);
  later.records.clear();
  back.reads.push_back(later);
  CHECK(broken(back) == "high watermark");
  // Two answers on their way at once may come in either order.
  back.reads.back().began = at(5);
  CHECK(broken(back) == "");
  back.reads.back().high_watermark = Offset(3);
  CHECK(broken(back) == "high watermark");
}

TEST_CASE("a reader that is given a record at or above the high watermark is found") {
  History history = correct();
  history.reads[0].high_watermark = Offset(9);
  history.reads[0].began = at(3);
  CHECK(broken(history) == "high watermark");
}

TEST_CASE("a reader that skips a record, or gets them out of order, is found") {
  History skipped = correct();
  auto& records = skipped.reads[0].records;
  records.erase(records.begin() + 4);
  CHECK(broken(skipped) == "reads complete");
  History mixed = correct();
  std::swap(mixed.reads[0].records[4], mixed.reads[0].records[5]);
  CHECK(broken(mixed) == "reads complete");
}

TEST_CASE("compaction may remove all but the last value of a key") {
  History history = correct();
  history.partitions[0].compacts = true;
  auto& records = history.final_logs[0].records;
  records.erase(records.begin(), records.begin() + 7);
  CHECK(broken(history) == "");
  records.erase(records.begin());
  CHECK(breaks(history, "compaction"));
}

TEST_CASE("a last tombstone may be compacted away when it is old enough, not before") {
  History history = correct();
  history.partitions[0].compacts = true;
  history.partitions[0].delete_retention = seconds(50);
  history.sends[9].tombstone = true;
  erase_final(history, 9);
  CHECK(broken(history) == "");
  history.partitions[0].delete_retention = seconds(95);
  CHECK(broken(history) == "compaction");
}

TEST_CASE("retention removes what is too old, and nothing younger") {
  History history = correct();
  Read& log = history.final_logs[0];
  log.records.erase(log.records.begin(), log.records.begin() + 5);
  log.from = log.log_start = Offset(5);
  CHECK(broken(history) == "retention");
  history.partitions[0].retention = seconds(97);  // offset 4 is of second 4, now is 101
  CHECK(broken(history) == "");
  history.partitions[0].retention = seconds(98);
  CHECK(broken(history) == "retention");
}

TEST_CASE(
    "retention by size leaves at least the bytes it was told to, and DeleteRecords is asked for") {
  History history = correct();
  Read& log = history.final_logs[0];
  log.records.erase(log.records.begin(), log.records.begin() + 5);
  log.from = log.log_start = Offset(5);
  history.partitions[0].retention_bytes = 500;
  CHECK(broken(history) == "");
  history.partitions[0].retention_bytes = 501;
  CHECK(broken(history) == "retention");
  history.trims.push_back({.partition = 0, .before = Offset(5), .began = at(60)});
  CHECK(broken(history) == "");
}

TEST_CASE("a log start that goes back is found") {
  History history = correct();
  history.trims.push_back({.partition = 0, .before = Offset(5), .began = at(18)});
  history.reads[0].log_start = Offset(5);
  CHECK(broken(history) == "retention");
  // Retention's own move may be lost with the server; what somebody was told is gone may not.
  history.restarts = {history.reads[0].ended};
  CHECK(broken(history) == "");
  history.trims[0].acknowledged = at(19);
  CHECK(broken(history) == "retention");
}

TEST_CASE("two owners of a partition in one generation are found") {
  History history = correct();
  history.assignments[1].partitions = {0, 1};
  CHECK(broken(history) == "ownership");
  history.assignments[1].generation = GenerationId(2);
  history.assignments[1].at = at(35);
  CHECK(broken(history) == "");
}

TEST_CASE("a commit of a generation that is over is found") {
  History history = correct();
  history.assignments.push_back({.group = "g",
                                 .member = "m2",
                                 .generation = GenerationId(2),
                                 .partitions = {0, 1},
                                 .at = at(25)});
  CHECK(broken(history) == "fencing");
  history.assignments.back().at = at(30);  // told only after the commit had begun
  CHECK(broken(history) == "");
}

TEST_CASE("a committed offset that is forgotten, or was never committed, is found") {
  History forgotten = correct();
  forgotten.committed_reads[0].offset = Offset(-1);
  CHECK(broken(forgotten) == "committed offsets");
  History invented = correct();
  invented.committed_reads[0].offset = Offset(7);
  CHECK(broken(invented) == "committed offsets");
}

TEST_CASE("a commit with an open outcome may show up or not, until one that began later is done") {
  History history = correct();
  const CommitNumber open = history.begin_commit({.group = "g",
                                                  .member = "m0",
                                                  .generation = GenerationId(1),
                                                  .partition = 0,
                                                  .offset = Offset(4),
                                                  .began = at(20)});
  CHECK(broken(history) == "");
  history.committed_reads[0].offset = Offset(4);
  CHECK(broken(history) == "");
  history.end_commit(open, Outcome::kAcknowledged, at(22));
  CHECK(broken(history) == "committed offsets");
}

TEST_CASE("a group that commits what none of its members has read is found") {
  History history = correct();
  history.reads[0].to = Offset(6);
  history.reads[0].records.resize(6);
  CHECK(broken(history) == "groups skip nothing");
  Read rest = history.reads[0];
  rest.from = Offset(6);
  rest.to = Offset(10);
  rest.records.assign(history.final_logs[0].records.begin() + 6,
                      history.final_logs[0].records.end());
  history.reads.push_back(rest);
  CHECK(broken(history) == "");
}

TEST_CASE("a measurement beyond its limit is found") {
  History history = correct();
  history.samples[0].value = 4;
  CHECK(broken(history) == "bounds");
}

TEST_CASE("many violations of one rule are counted, and the first few kept") {
  Report report;
  for (int i = 0; i < 100; ++i) report.add("rule", std::to_string(i));
  CHECK(report.count() == 100);
  CHECK(report.violations().size() == 5);
}

}  // namespace
}  // namespace millrace::scenario
