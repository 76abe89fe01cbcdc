// Workload: what all clients of the scenario `broker` share: the history they write, the topics
// there are, and whether it is time to come to an end. One per run. Not a client.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/admin.h"
#include "client/fetcher.h"
#include "simulation/world.h"
#include "tests/simulation/checkers.h"
#include "tests/simulation/history.h"

namespace millrace::scenario {

/// A topic that clients use.
struct WorkloadTopic {
  client::NewTopic topic;
  PartitionRules rules;  ///< of each of its partitions
  bool keyed = false;    ///< few keys, some tombstones
  bool trimmed = false;  ///< gets DeleteRecords
  std::vector<PartitionNumber> partitions;
};

/// What an operator was told about something; `open` are the answers that never came.
struct Fate {
  std::optional<std::string> told;  ///< the last that was acknowledged
  std::vector<std::string> open;
  bool allows(const std::string& found) const;
};

class Workload {
 public:
  /// Borrows both.
  Workload(simulation::World& world, simulation::Node& server);
  Workload(const Workload&) = delete;
  Workload& operator=(const Workload&) = delete;

  simulation::World& world() { return world_; }
  simulation::Node& server() { return server_; }
  MonoTime now() const { return world_.now(); }
  History& history() { return history_; }
  /// What clients notice themselves and no history tells.
  Report& noticed() { return noticed_; }
  void count(const std::string& what, int64_t by = 1) { counts_[what] += by; }
  const std::map<std::string, int64_t>& counts() const { return counts_; }

  /// Time to finish what is open and to begin nothing.
  bool stopping() const { return stopping_; }
  void stop() { stopping_ = true; }
  /// How many clients have something open.
  int busy() const { return busy_; }

  /// As long as it lives, a client has something open.
  class Busy {
   public:
    explicit Busy(Workload* workload) : workload_(workload) { ++workload_->busy_; }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;
    ~Busy() { --workload_->busy_; }

   private:
    Workload* workload_;
  };

  uint64_t next_record() { return next_record_++; }
  int32_t next_producer() { return next_producer_++; }
  int32_t next_reader() { return next_reader_++; }
  int next_name() { return next_name_++; }

  /// Adds a topic that is to be there until the end.
  void add_topic(WorkloadTopic topic);
  /// Nobody expects it any more. One of the same name that is added later is another topic.
  void drop_topic(std::string_view name);
  const std::vector<WorkloadTopic>& topics() const { return topics_; }
  const WorkloadTopic& topic(std::string_view name) const;
  /// Its new number of partitions.
  void grow(std::string_view name, int32_t partitions);
  /// Also of one whose creation nobody has confirmed yet. Requires: its topic was added.
  PartitionNumber number_of(const client::TopicPartition& partition);
  const std::map<client::TopicPartition, PartitionNumber>& partitions() const { return numbers_; }

  std::vector<std::string>& groups() { return groups_; }
  /// By topic: "there" or "gone".
  std::map<std::string, Fate>& topic_fates() { return topic_fates_; }
  /// The setting that an operator changes again and again.
  Fate& config_fate() { return config_fate_; }

  /// The latest that the server's wall clock has shown.
  Timestamp server_wall();
  /// From now on nobody can tell from a time how old a tombstone is.
  void server_clock_was_set() { server_clock_was_set_ = true; }

  /// An answer to a fetch, judged as far as it can be by itself.
  Read read_of(const client::Fetched& fetched, MonoTime began, kafka::Decompressor& decompressor);

  /// A new chapter of a long run: goes on with what `history` knows of the past. Requires: busy()
  /// is zero.
  void begin_chapter(History history);

  /// The history, complete. Requires: the run is over.
  const History& finished_history();

 private:
  simulation::World& world_;
  simulation::Node& server_;
  History history_;
  Report noticed_;
  std::map<std::string, int64_t> counts_;
  bool stopping_ = false;
  int busy_ = 0;
  uint64_t next_record_ = 1;
  int32_t next_producer_ = 1;
  int32_t next_reader_ = 1;
  int next_name_ = 1;
  std::vector<WorkloadTopic> topics_;
  std::map<client::TopicPartition, PartitionNumber> numbers_;
  std::vector<std::string> groups_;
  std::map<std::string, Fate> topic_fates_;
  Fate config_fate_;
  Timestamp server_wall_;
  bool server_clock_was_set_ = false;
};

/// Numbers and content of records: the number stands in a header, so that tombstones have one too.
inline constexpr std::string_view kNumberHeader = "n";
uint64_t content_of(std::optional<Bytes> key, std::optional<Bytes> value, uint64_t number);

/// How clients of this scenario talk to the server.
client::ClusterOptions cluster_options();
std::vector<runtime::Address> bootstrap();

}  // namespace millrace::scenario
