#include <CLI/CLI.hpp>

#include "app/topic_facts.h"
#include "app/verbs.h"
#include "client/admin.h"
#include "client/offsets.h"

namespace millrace::app {
namespace {

using runtime::Task;

constexpr Column kUnits[] = {{"lag", Unit::kCount}};

class GroupGet : public Verb {
 public:
  void declare(CLI::App& app) override { app.add_option("group", group_, "its id")->required(); }

  Task<> run(Session* session) override {
    client::Cluster* cluster = co_await session->cluster();
    const client::GroupDescription group = co_await client::describe_group(cluster, group_);
    const auto committed = co_await client::fetch_committed(cluster, group_, std::nullopt);

    std::map<client::TopicPartition, std::string> owner;
    Value::List members;
    for (const client::GroupMember& member : group.members) {
      for (const client::TopicPartition& partition : member.assignment)
        owner[partition] = member.id;
      members.push_back(Value::Object{{"member", member.id},
                                      {"instance", member.instance_id},
                                      {"client", member.client_id},
                                      {"host", member.host},
                                      {"partitions", member.assignment.size()}});
    }
    // Everything somebody reads or has read.
    std::map<client::TopicPartition, Offset> positions;
    for (const auto& [partition, member] : owner) positions[partition] = kNoOffset;
    for (const auto& [partition, offset] : committed) positions[partition] = offset.offset;
    Value::List offsets;
    int64_t lag_total = 0;
    for (const auto& [partition, position] : positions) {
      const auto end = co_await as_result(client::list_offset(cluster, partition, client::kLatest));
      // Brokers store any number that a client commits, Kafka too.
      const Offset from = std::max(position, Offset(0));
      const int64_t lag = end && position != kNoOffset ? end->offset - from : 0;
      lag_total += lag;
      const auto owned = owner.find(partition);
      offsets.push_back(
          Value::Object{{"topic", partition.topic},
                        {"partition", partition.partition.value},
                        {"committed", position == kNoOffset ? Value() : Value(position.value)},
                        {"end", end ? Value(end->offset.value) : Value()},
                        {"lag", position == kNoOffset ? Value() : Value(lag)},
                        {"member", owned == owner.end() ? Value() : Value(owned->second)}});
    }
    co_await session->out().object(Value::Object{{"group", group.id},
                                                 {"state", group.state},
                                                 {"protocol", group.protocol},
                                                 {"lag", lag_total},
                                                 {"members", std::move(members)},
                                                 {"offsets", std::move(offsets)}},
                                   kUnits);
  }

 private:
  std::string group_;
};

}  // namespace

std::unique_ptr<Verb> make_group_get() {
  return std::make_unique<GroupGet>();
}

}  // namespace millrace::app
