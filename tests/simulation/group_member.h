// GroupMember: a process that reads as a member of a consumer group, commits, looks at what is
// committed, and after a while leaves, or is gone without a word, and joins again.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "client/group_consumer.h"
#include "tests/simulation/workload.h"

namespace millrace::scenario {

struct GroupOfWorkload {
  std::string id;
  std::vector<std::string> topics;
  client::Strategy strategy = client::Strategy::kRange;
};

class GroupMember {
 public:
  /// Borrows the first two. Begins at once and leaves after Workload::stop().
  GroupMember(runtime::Env& env, Workload& workload, GroupOfWorkload group);

 private:
  static runtime::Task<> run(GroupMember* self);
  runtime::Task<> take_part();
  runtime::Task<> poll();
  runtime::Task<> commit();
  runtime::Task<> explain_positions();
  runtime::Task<> look_at_committed();
  std::vector<CommitNumber> begin_commits();
  void end_commits(const std::vector<CommitNumber>& commits, Outcome outcome);
  void note_assignment();

  runtime::Env& env_;
  Workload& workload_;
  GroupOfWorkload group_;
  client::Cluster cluster_;
  kafka::Decompressor decompressor_;
  std::unique_ptr<client::GroupConsumer> consumer_;
  int32_t noted_generation_ = -1;
  std::map<client::TopicPartition, Offset> read_to_;  // of this membership
  runtime::Scope scope_;
};

/// Adds what the group has committed for each partition to the history.
runtime::Task<> read_committed(client::Cluster* cluster, Workload* workload, std::string group,
                               std::vector<client::TopicPartition> partitions);

}  // namespace millrace::scenario
