#include "broker/sole_node.h"

#include "base/testing.h"

namespace millrace::broker {
namespace {

const log::MetaProperties kOwn{.cluster_id = "c", .node_id = BrokerId(1), .directory_id = {1, 200}};

metadata::VoterSet voters(const std::vector<std::pair<int, Uuid>>& keys) {
  metadata::VoterSet set{.kraft_version = 1};
  for (const auto& [id, directory] : keys) {
    set.voters.push_back({.key = {BrokerId(id), directory}});
  }
  return set;
}

/// The answer, as what it says.
std::string said(const Result<>& result) {
  if (result) return "";
  CHECK(result.error().code() == Errc::kForeignDirectory);
  return result.error().detail();
}
std::string said_of(const metadata::VoterSet& set) {
  return said(check_sole_voter(std::nullopt, set, kOwn));
}
std::string said_of(const metadata::QuorumState& state) {
  return said(check_sole_voter(state, {}, kOwn));
}

metadata::Image image_of(const std::vector<metadata::Record>& records) {
  metadata::Image image;
  metadata::Delta delta;
  for (const metadata::Record& record : records) REQUIRE(image.replay(record, delta));
  return image;
}

metadata::Record registration(int id, std::span<Uuid> directories) {
  return {kafka::RegisterBrokerRecord{.broker_id = BrokerId(id), .log_dirs = directories}, 4};
}

TEST_CASE("a quorum of this node alone is run, whoever was its leader before") {
  CHECK(said(check_sole_voter(std::nullopt, {}, kOwn)).empty());
  CHECK(said_of(metadata::QuorumState{.leader = BrokerId(1), .voters = {BrokerId(1)}}).empty());
  CHECK(said_of(metadata::QuorumState{.data_version = 1, .voted = BrokerId(1)}).empty());
  CHECK(said_of(voters({{1, {1, 200}}})).empty());
}

TEST_CASE("a quorum that others are in is refused, and told") {
  CHECK(said_of(metadata::QuorumState{.voters = {BrokerId(1), BrokerId(2), BrokerId(3)}})
            .starts_with("the metadata belongs to a quorum of 3 voters, and one node alone"));
  CHECK(said_of(metadata::QuorumState{.data_version = 1, .leader = BrokerId(3)})
            .starts_with("the metadata belongs to a quorum that node 3 is in"));
  CHECK(said_of(voters({{1, {1, 200}}, {2, {1, 201}}})).starts_with("the metadata belongs to"));
  CHECK(said_of(voters({})).starts_with("the metadata belongs to a quorum of 0 voters"));
  CHECK(said_of(voters({{2, {1, 200}}})).starts_with("the quorum's only voter is node 2"));
  CHECK(said_of(voters({{1, {1, 201}}})).starts_with("the quorum's only voter is node 1"));
}

TEST_CASE("a cluster with other brokers, or a node with other directories, is refused") {
  std::vector<Uuid> own{{1, 200}};
  std::vector<Uuid> two{{1, 200}, {1, 201}};
  CHECK(said(check_sole_directory(image_of({registration(1, own)}), kOwn)).empty());
  CHECK(said(check_sole_directory(image_of({registration(1, own), registration(2, two)}), kOwn))
            .starts_with("broker 2 is registered in the cluster besides this one, 1"));
  CHECK(said(check_sole_directory(image_of({registration(1, two)}), kOwn))
            .starts_with("the node was run with 2 directories"));
}

TEST_CASE("a partition that lies elsewhere is not taken for an empty one") {
  const TopicId id{Uuid{7, 7}};
  const auto partition_in = [&](int node, Uuid directory) {
    std::vector<BrokerId> replicas{BrokerId(node)};
    std::vector<Uuid> directories{directory};
    return image_of({{kafka::TopicRecord{.name = "orders", .topic_id = id}},
                     {kafka::PartitionRecord{.partition_id = PartitionIndex(0),
                                             .topic_id = id,
                                             .replicas = replicas,
                                             .isr = replicas,
                                             .leader = BrokerId(node),
                                             .directories = directories},
                      2}});
  };
  for (const Uuid directory :
       {Uuid{1, 200}, metadata::kMigratingDirectory, metadata::kUnassignedDirectory}) {
    CHECK(said(check_sole_directory(partition_in(1, directory), kOwn)).empty());
  }
  CHECK(said(check_sole_directory(partition_in(1, {1, 201}), kOwn)).starts_with("orders-0 has a"));
  CHECK(said(check_sole_directory(partition_in(2, {1, 200}), kOwn)).starts_with("orders-0 has a"));
}

}  // namespace
}  // namespace millrace::broker
