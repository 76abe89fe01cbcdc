// From a range to offsets: asks the cluster what start, end, times and counts mean per partition.
#pragma once

#include <map>

#include "app/range.h"
#include "client/cluster.h"

namespace millrace::app {

/// Shape: from is the first wanted, to the first not wanted any more.
struct OffsetRange {
  Offset from;
  Offset to;
};

/// Of every partition, or the one the range names. `to` is as the end is now. Offsets outside the
/// partition are brought inside; from > to never happens.
/// Errors: kUnknownTopicOrPartition; the cluster's.
runtime::Task<std::map<PartitionIndex, OffsetRange>> resolve_range(client::Cluster* cluster,
                                                                   std::string topic, Range range);

}  // namespace millrace::app
