#include "broker/sole_node.h"

#include <fmt/core.h>

#include <algorithm>

namespace millrace::broker {
namespace {

std::unexpected<Error> foreign(std::string_view what) {
  return fail(
      Errc::kForeignDirectory,
      fmt::format("{}, and one node alone, with one directory, is what is built yet", what));
}

bool is_elsewhere(Uuid directory, Uuid own) {
  return directory != own && directory != metadata::kMigratingDirectory &&
         directory != metadata::kUnassignedDirectory;
}

}  // namespace

Result<> check_sole_voter(const std::optional<metadata::QuorumState>& state,
                          const metadata::VoterSet& quorum, const log::MetaProperties& own) {
  const BrokerId node = own.node_id;
  if (state) {
    for (const BrokerId id : {state->leader, state->voted}) {
      if (id == node || id == kNoBroker) continue;
      return foreign(fmt::format("the metadata belongs to a quorum that node {} is in", id.value));
    }
    if (std::ranges::any_of(state->voters, [&](BrokerId id) { return id != node; })) {
      return foreign(
          fmt::format("the metadata belongs to a quorum of {} voters", state->voters.size()));
    }
  }
  if (quorum.kraft_version == 0) return {};
  if (quorum.voters.size() != 1) {
    return foreign(
        fmt::format("the metadata belongs to a quorum of {} voters", quorum.voters.size()));
  }
  const metadata::VoterKey& voter = quorum.voters.front().key;
  if (voter.id == node && voter.directory == own.directory_id) return {};
  return foreign(fmt::format(
      "the quorum's only voter is node {} with directory {}, not node {} "
      "with directory {}",
      voter.id.value, voter.directory.to_string(), node.value, own.directory_id.to_string()));
}

Result<> check_sole_directory(const metadata::Image& image, const log::MetaProperties& own) {
  for (const auto& [id, broker] : image.brokers()) {
    if (id != own.node_id) {
      return foreign(fmt::format("broker {} is registered in the cluster besides this one, {}",
                                 id.value, own.node_id.value));
    }
    if (broker.directories.size() > 1) {
      return foreign(
          fmt::format("the node was run with {} directories", broker.directories.size()));
    }
  }
  for (const auto& [id, topic] : image.topics()) {
    for (const auto& [index, partition] : topic.partitions) {
      for (const BrokerId replica : partition.replicas) {
        const Uuid directory = partition.directory_of(replica);
        if (replica == own.node_id && !is_elsewhere(directory, own.directory_id)) continue;
        return foreign(
            fmt::format("{}-{} has a replica on node {} in directory {}; this is node "
                        "{} with directory {}",
                        topic.name, index.value, replica.value, directory.to_string(),
                        own.node_id.value, own.directory_id.to_string()));
      }
    }
  }
  return {};
}

}  // namespace millrace::broker
