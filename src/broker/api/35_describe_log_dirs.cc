// DescribeLogDirs, v1 to v5: the data directory, what each partition takes in it, and what is left
// of the disk.
//
// Promises: null asks for all partitions; one that is not here is left out.
#include <map>
#include <set>

#include "base/logging.h"
#include "broker/api/handlers.h"
#include "broker/node.h"
#include "broker/request.h"
#include "broker/topics.h"
#include "kafka/messages/describe_log_dirs.h"

namespace millrace::broker {
namespace {

using kafka::DescribeLogDirsRequest;
using kafka::DescribeLogDirsResponse;

DescribeLogDirsResponse::Partition describe(const Partition& partition) {
  return {.partition_index = partition.index(), .partition_size = partition.log().size_bytes()};
}

std::vector<DescribeLogDirsResponse::Partition> all_of(Topic& topic) {
  std::vector<DescribeLogDirsResponse::Partition> found;
  for (size_t i = 0; i < topic.partition_count(); ++i) {
    const auto partition = topic.partition(PartitionIndex(static_cast<int32_t>(i)));
    if (partition) found.push_back(describe(**partition));
  }
  return found;
}

std::vector<DescribeLogDirsResponse::Topic> wanted_topics(const DescribeLogDirsRequest& wanted,
                                                          Topics& topics, Arena& arena) {
  std::vector<DescribeLogDirsResponse::Topic> out;
  const auto add = [&](const Topic& topic,
                       const std::vector<DescribeLogDirsResponse::Partition>& partitions) {
    if (!partitions.empty()) {
      out.push_back({.name = topic.name(), .partitions = arena.copy_array(partitions)});
    }
  };
  if (!wanted.topics) {
    for (auto& [id, topic] : topics.all()) add(topic, all_of(topic));
    return out;
  }
  std::map<std::string_view, std::set<PartitionIndex>> named;
  for (const DescribeLogDirsRequest::Topic& topic : *wanted.topics) {
    named[topic.topic].insert(topic.partitions.begin(), topic.partitions.end());
  }
  for (const auto& [name, indexes] : named) {
    Topic* topic = topics.find(name);
    if (!topic) continue;
    std::vector<DescribeLogDirsResponse::Partition> found;
    for (const PartitionIndex index : indexes) {
      if (const auto partition = topic->partition(index)) found.push_back(describe(**partition));
    }
    add(*topic, found);
  }
  return out;
}

}  // namespace

runtime::Task<> handle_describe_log_dirs(Request* request) {
  const auto wanted = co_await request->decode<DescribeLogDirsRequest>();
  Topics& topics = request->node().topics;
  Arena& arena = request->arena();
  DescribeLogDirsResponse answer;
  answer.results = arena.make_array<DescribeLogDirsResponse::Directory>(1);
  DescribeLogDirsResponse::Directory& directory = answer.results[0];
  directory.log_dir = topics.logs().path();
  directory.topics = arena.copy_array(wanted_topics(wanted, topics, arena));
  if (request->version() >= 4) {
    const Result<runtime::DiskSpace> space = topics.logs().space();
    if (space) {
      directory.total_bytes = space->total_bytes;
      directory.usable_bytes = space->free_bytes;
    } else {
      LOG_WARNING("broker", "describe log dirs: {}", space.error().message());
    }
  }
  co_await request->answer(answer);
}

}  // namespace millrace::broker
