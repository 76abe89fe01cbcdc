// Who in a classic group reads which partition: the four strategies of Kafka's clients, as pure
// functions. A group may mix our members with others', so the results follow theirs.
//
//   range               per topic, neighbouring partitions to each member in turn
//   roundrobin          all partitions dealt one by one
//   sticky              as even as possible, moving as little as possible (KIP-54)
//   cooperative-sticky  the same, but what moves is first taken away and given in the next round
//                       (KIP-429)
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace millrace::client {

struct TopicPartition {
  std::string topic;
  PartitionIndex partition;
  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
};

/// What a member said when it joined.
struct MemberSubscription {
  std::string member_id;
  std::string instance_id;  ///< of a static member (KIP-345), else empty
  std::vector<std::string> topics;
  std::vector<TopicPartition> owned;  ///< what it had in `generation`
  int32_t generation = -1;            ///< -1: unknown (before subscription version 2)
};

/// Partitions per member, sorted; every member has an entry.
using Assignment = std::map<std::string, std::vector<TopicPartition>>;

enum class Strategy { kRange, kRoundRobin, kSticky, kCooperativeSticky };

/// Kafka's name of it ("cooperative-sticky").
std::string_view strategy_name(Strategy strategy);

/// Every partition of every topic somebody subscribed to goes to exactly one subscriber (with
/// kCooperativeSticky: or to nobody yet, when it is still owned by another). Topics that are not in
/// `partition_counts` do not exist. Bounds: O(partitions x members) for the sticky ones.
Assignment assign(Strategy strategy, std::vector<MemberSubscription> members,
                  const std::map<std::string, int32_t>& partition_counts);

}  // namespace millrace::client
