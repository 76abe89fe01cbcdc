#include "app/range_offsets.h"

#include <fmt/core.h>

#include <algorithm>

#include "app/output.h"
#include "app/topic_facts.h"
#include "client/offsets.h"

namespace millrace::app {

using runtime::Task;

namespace {

Task<Offset> resolve(client::Cluster* cluster, client::TopicPartition partition, Bound bound,
                     PartitionEnds ends, Offset from) {
  switch (bound.kind) {
    case Bound::Kind::kStart:
      co_return ends.start;
    case Bound::Kind::kEnd:
      co_return ends.end;
    case Bound::Kind::kOffset:
      co_return Offset(bound.number);
    case Bound::Kind::kFromEnd:
      co_return Offset(std::max(ends.start.value, ends.end.value - bound.number));
    case Bound::Kind::kCount:
      co_return Offset(from.value > INT64_MAX - bound.number ? INT64_MAX
                                                             : from.value + bound.number);
    case Bound::Kind::kTime: {
      const auto found = co_await client::list_offset(cluster, partition, bound.time);
      co_return found.offset == kNoOffset ? ends.end : found.offset;
    }
  }
  co_return ends.end;
}

}  // namespace

Task<std::map<PartitionIndex, OffsetRange>> resolve_range(client::Cluster* cluster,
                                                          std::string topic, Range range) {
  const auto all = co_await partition_ends(cluster, topic);
  if (range.partition && !all.contains(*range.partition)) {
    co_await fail(Errc::kUnknownTopicOrPartition,
                  fmt::format("topic {} has {}, no partition {}", topic,
                              counted(std::ssize(all), "partition"), range.partition->value));
  }
  std::map<PartitionIndex, OffsetRange> resolved;
  for (const auto& [partition, ends] : all) {
    if (range.partition && partition != *range.partition) continue;
    const client::TopicPartition named{topic, partition};
    const Offset from = std::clamp(co_await resolve(cluster, named, range.from, ends, ends.start),
                                   ends.start, ends.end);
    const Offset to =
        std::clamp(co_await resolve(cluster, named, range.to, ends, from), from, ends.end);
    resolved[partition] = {from, to};
  }
  co_return resolved;
}

}  // namespace millrace::app
