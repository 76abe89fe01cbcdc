// What several verbs ask about topics: where their partitions begin and end, and which names there
// are.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "client/admin.h"
#include "client/cluster.h"

namespace millrace::app {

struct PartitionEnds {
  Offset start;
  Offset end;
};

/// Errors: kUnknownTopicOrPartition with the nearest name that exists.
runtime::Task<std::map<PartitionIndex, PartitionEnds>> partition_ends(client::Cluster* cluster,
                                                                      std::string topic);

/// The topic, freshly asked for. Errors: as above.
runtime::Task<client::TopicInfo> require_topic(client::Cluster* cluster, std::string topic);

/// "topic/3" as text for plans and messages.
std::string coordinate(const std::string& topic, PartitionIndex partition);

}  // namespace millrace::app
