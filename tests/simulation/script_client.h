// ScriptClient: the steps that workloads of crash points are made of: each is done until the server
// says that it is done, however often it went down meanwhile, and written into the history. Nothing
// is drawn: the same steps give the same requests. For clients that do what chance says there are
// producing_client.h and its like.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "client/producer.h"
#include "runtime/scope.h"
#include "tests/simulation/workload.h"

namespace millrace::scenario {

class ScriptClient {
 public:
  struct Actions {
    std::function<void()> stop_server;  ///< in order, and start it again
    std::function<int()> starts;        ///< how often it has come up
  };

  /// Borrows both.
  ScriptClient(runtime::Env& env, Workload& workload, Actions actions);

  /// Creates a topic that the audit expects, under the rules that its configs mean.
  runtime::Task<> create(client::NewTopic topic, PartitionRules rules = {}, bool keyed = false);
  /// Deletes it; its records are nobody's any more.
  runtime::Task<> remove(std::string topic);
  runtime::Task<> grow(std::string topic, int32_t partitions);
  runtime::Task<> configure(std::string topic, client::ConfigChanges changes);

  struct Batch {
    std::string topic;
    int32_t partition = 0;
    int records = 1;
    size_t bytes = 100;       ///< of each
    int producer = 0;         ///< see kPlainProducer
    int first_key = 0;        ///< of keyed topics; the records have consecutive ones
    bool tombstones = false;  ///< of keyed topics
  };
  /// This one is not idempotent and wants acks=1; the others are, and want all.
  static constexpr int kPlainProducer = 9;
  /// Hands records over; those of one producer and partition make one batch.
  runtime::Task<> produce(Batch batch);
  /// Sends all that was handed over, by all producers side by side, and waits for the answers.
  runtime::Task<> flush();

  /// Reads every partition from where it stopped, for the group or for itself.
  runtime::Task<> read(std::string group = "");
  /// Commits what read() has read for the group.
  runtime::Task<> commit(std::string group);
  /// DeleteRecords.
  runtime::Task<> trim(std::string topic, int32_t partition, Offset before);

  runtime::Task<> pause(Duration time);
  /// Stops the server in order; returns once it is back.
  runtime::Task<> restart_server();

 private:
  struct Sending {
    std::unique_ptr<client::Producer> producer;
    bool started = false;
    std::map<client::TopicPartition, std::deque<SendNumber>> sent;
  };

  runtime::Task<Sending*> producer_of(int number);
  void delivered(Sending& sending, const client::Delivery& delivery);
  runtime::Task<> read_partition(client::TopicPartition partition, std::string group);
  runtime::Task<> again(MonoTime deadline, Error error);
  MonoTime patience() const;

  runtime::Env& env_;
  Workload& workload_;
  Actions actions_;
  client::Cluster cluster_;
  kafka::Decompressor decompressor_;
  std::map<int, Sending> producers_;
  std::map<std::string, std::map<client::TopicPartition, Offset>> read_to_;  // by group
};

}  // namespace millrace::scenario
