#include "tests/simulation/group_member.h"

#include "client/offsets.h"
#include "tests/simulation/reading_client.h"

namespace millrace::scenario {

using runtime::Task;

namespace {

constexpr int kRoundsMax = 80;  // of one membership
constexpr Duration kPollFor = milliseconds(500);

// The group did not take the commit, nor any part of it.
bool is_refusal(Errc code) {
  return code == Errc::kIllegalGeneration || code == Errc::kUnknownMemberId ||
         code == Errc::kRebalanceInProgress;
}

}  // namespace

GroupMember::GroupMember(runtime::Env& env, Workload& workload, GroupOfWorkload group)
    : env_(env),
      workload_(workload),
      group_(std::move(group)),
      cluster_(&env, bootstrap(), cluster_options()),
      scope_(env.loop) {
  scope_.spawn("group member", run(this));
}

Task<> GroupMember::run(GroupMember* self) {
  const Workload::Busy busy(&self->workload_);
  while (!self->workload_.stopping()) {
    client::GroupConsumerOptions options{.group_id = self->group_.id,
                                         .instance_id = {},
                                         .topics = self->group_.topics,
                                         .strategies = {self->group_.strategy},
                                         .session_timeout = seconds(4),
                                         .rebalance_timeout = seconds(2),
                                         .heartbeat_interval = milliseconds(500),
                                         .fetcher = {.wait_max = milliseconds(200)}};
    self->noted_generation_ = -1;
    self->read_to_.clear();
    self->consumer_ =
        std::make_unique<client::GroupConsumer>(&self->cluster_, std::move(options), nullptr);
    const Result<> done = co_await as_result(self->take_part());
    if (!done) self->workload_.count("memberships ended by an error");
    // The others wait for a member that is gone without a word until its session is over.
    if (self->workload_.stopping() || self->env_.random.chance(0.5)) {
      (void)co_await as_result(self->consumer_->leave());
    }
    self->consumer_.reset();
    co_await runtime::sleep_until(self->env_.loop.now() +
                                  milliseconds(self->env_.random.between(10, 2'000)));
  }
}

Task<> GroupMember::take_part() {
  const int64_t rounds = env_.random.between(5, kRoundsMax);
  for (int64_t round = 0; round < rounds && !workload_.stopping(); ++round) {
    const Result<> polled = co_await as_result(poll());
    if (!polled) {
      workload_.count("polls that failed");
      co_await runtime::sleep_until(env_.loop.now() + milliseconds(100));
      if (env_.random.chance(0.3)) co_await polled;
    }
    if (env_.random.chance(0.4)) co_await commit();
    if (env_.random.chance(0.05)) co_await look_at_committed();
  }
}

Task<> GroupMember::poll() {
  const MonoTime began = workload_.now();
  // A rebalance begins with a commit of its own, that nobody tells us about.
  const std::vector<CommitNumber> by_itself = begin_commits();
  const uint64_t rebalances = consumer_->rebalances();
  const auto polled = co_await consumer_->poll(env_.loop.now() + kPollFor);
  if (consumer_->rebalances() == rebalances) end_commits(by_itself, Outcome::kRefused);
  for (const client::Fetched& fetched : polled) {
    Read read = workload_.read_of(fetched, began, decompressor_);
    read.group = group_.id;
    read_to_[fetched.partition] = read.to;
    workload_.count("records read by groups", std::ssize(read.records));
    workload_.history().reads.push_back(std::move(read));
  }
  note_assignment();
}

void GroupMember::note_assignment() {
  if (consumer_->generation() < 0 || consumer_->generation() == noted_generation_) return;
  noted_generation_ = consumer_->generation();
  Assignment assignment{.group = group_.id,
                        .member = consumer_->member_id(),
                        .generation = GenerationId(consumer_->generation()),
                        .partitions = {},
                        .at = workload_.now()};
  for (const client::TopicPartition& partition : consumer_->assignment()) {
    assignment.partitions.push_back(workload_.number_of(partition));
  }
  workload_.count("assignments");
  workload_.history().assignments.push_back(std::move(assignment));
}

// One for each position that a commit at this moment would tell.
std::vector<CommitNumber> GroupMember::begin_commits() {
  std::vector<CommitNumber> commits;
  for (const client::TopicPartition& partition : consumer_->assignment()) {
    const Offset position = consumer_->position(partition);
    if (position == kNoOffset) continue;
    commits.push_back(
        workload_.history().begin_commit({.group = group_.id,
                                          .member = consumer_->member_id(),
                                          .generation = GenerationId(consumer_->generation()),
                                          .partition = workload_.number_of(partition),
                                          .offset = position,
                                          .began = workload_.now()}));
  }
  return commits;
}

void GroupMember::end_commits(const std::vector<CommitNumber>& commits, Outcome outcome) {
  for (const CommitNumber commit : commits) {
    workload_.history().end_commit(commit, outcome, workload_.now());
  }
}

// A position that is not behind something read is where the log began: what was before is gone. The
// history is to know.
Task<> GroupMember::explain_positions() {
  const std::vector<client::TopicPartition> partitions = consumer_->assignment();
  for (const client::TopicPartition& partition : partitions) {
    const Offset position = consumer_->position(partition);
    if (position == kNoOffset || read_to_[partition] == position) continue;
    Read read = co_await offsets_of(&cluster_, &workload_, partition);
    read.group = group_.id;
    workload_.history().reads.push_back(std::move(read));
    read_to_[partition] = position;
  }
}

Task<> GroupMember::commit() {
  const Result<> explained = co_await as_result(explain_positions());
  if (!explained) co_return;
  const std::vector<CommitNumber> commits = begin_commits();
  const Result<> done = co_await as_result(consumer_->commit_positions());
  if (done) {
    end_commits(commits, Outcome::kAcknowledged);
    workload_.count("commits acknowledged", std::ssize(commits));
  } else if (is_refusal(done.error().code())) {
    end_commits(commits, Outcome::kRefused);
  }
}

Task<> GroupMember::look_at_committed() {
  std::vector<client::TopicPartition> partitions = consumer_->assignment();
  if (partitions.empty()) co_return;
  (void)co_await as_result(read_committed(&cluster_, &workload_, group_.id, std::move(partitions)));
}

Task<> read_committed(client::Cluster* cluster, Workload* workload, std::string group,
                      std::vector<client::TopicPartition> partitions) {
  const MonoTime began = workload->now();
  const auto committed = co_await client::fetch_committed(cluster, group, partitions);
  for (const client::TopicPartition& partition : partitions) {
    const auto found = committed.find(partition);
    workload->history().committed_reads.push_back(
        {.group = group,
         .partition = workload->number_of(partition),
         .offset = found == committed.end() ? kNoOffset : found->second.offset,
         .began = began,
         .ended = workload->now()});
  }
}

}  // namespace millrace::scenario
