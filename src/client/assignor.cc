#include "client/assignor.h"

#include <algorithm>
#include <set>

#include "base/check.h"

namespace millrace::client {
namespace {

using Counts = std::map<std::string, int32_t>;

// Static members keep their place when they come back under a new member id.
bool comes_before(const MemberSubscription& a, const MemberSubscription& b) {
  if (a.instance_id.empty() != b.instance_id.empty()) return !a.instance_id.empty();
  const std::string& left = a.instance_id.empty() ? a.member_id : a.instance_id;
  const std::string& right = b.instance_id.empty() ? b.member_id : b.instance_id;
  return left < right;
}

bool subscribes(const MemberSubscription& member, const std::string& topic) {
  return std::find(member.topics.begin(), member.topics.end(), topic) != member.topics.end();
}

std::set<std::string> topics_of(const std::vector<MemberSubscription>& members,
                                const Counts& counts) {
  std::set<std::string> topics;
  for (const MemberSubscription& member : members) {
    for (const std::string& topic : member.topics) {
      if (counts.contains(topic)) topics.insert(topic);
    }
  }
  return topics;
}

Assignment empty_for(const std::vector<MemberSubscription>& members) {
  Assignment assignment;
  for (const MemberSubscription& member : members) assignment[member.member_id];
  return assignment;
}

Assignment assign_range(const std::vector<MemberSubscription>& members, const Counts& counts) {
  Assignment assignment = empty_for(members);
  for (const std::string& topic : topics_of(members, counts)) {
    std::vector<const MemberSubscription*> readers;
    for (const MemberSubscription& member : members) {
      if (subscribes(member, topic)) readers.push_back(&member);
    }
    const auto partitions = static_cast<size_t>(counts.at(topic));
    const size_t each = partitions / readers.size();
    const size_t one_more = partitions % readers.size();
    size_t next = 0;
    for (size_t i = 0; i < readers.size(); ++i) {
      const size_t share = each + (i < one_more ? 1 : 0);
      for (size_t end = next + share; next < end; ++next) {
        assignment[readers[i]->member_id].push_back(
            {topic, PartitionIndex(static_cast<int32_t>(next))});
      }
    }
  }
  return assignment;
}

Assignment assign_round_robin(const std::vector<MemberSubscription>& members,
                              const Counts& counts) {
  Assignment assignment = empty_for(members);
  size_t turn = 0;
  for (const std::string& topic : topics_of(members, counts)) {
    for (int32_t p = 0; p < counts.at(topic); ++p) {
      while (!subscribes(members[turn % members.size()], topic)) ++turn;
      assignment[members[turn % members.size()].member_id].push_back({topic, PartitionIndex(p)});
      ++turn;
    }
  }
  return assignment;
}

// Starts from what members own, takes from those with too much, gives to those with too little.
class StickyAssignor {
 public:
  StickyAssignor(const std::vector<MemberSubscription>& members, const Counts& counts)
      : members_(members), assignment_(empty_for(members)) {
    for (const std::string& topic : topics_of(members, counts)) {
      for (int32_t p = 0; p < counts.at(topic); ++p) free_.insert({topic, PartitionIndex(p)});
    }
  }

  Assignment run() {
    keep_owned();
    deal_free();
    balance();
    for (auto& [member, partitions] : assignment_) std::sort(partitions.begin(), partitions.end());
    return std::move(assignment_);
  }

 private:
  // Of two that claim a partition, the one with the newer generation has it; with the same, neither
  // can be believed, so the first keeps it.
  void keep_owned() {
    std::vector<const MemberSubscription*> newest_first;
    newest_first.reserve(members_.size());
    for (const MemberSubscription& member : members_) newest_first.push_back(&member);
    std::sort(newest_first.begin(), newest_first.end(), [](const auto* a, const auto* b) {
      return a->generation != b->generation ? a->generation > b->generation : comes_before(*a, *b);
    });
    for (const MemberSubscription* member : newest_first) {
      for (const TopicPartition& partition : member->owned) {
        if (!subscribes(*member, partition.topic) || free_.erase(partition) == 0) continue;
        assignment_[member->member_id].push_back(partition);
      }
    }
  }

  void deal_free() {
    for (const TopicPartition& partition : free_) {
      smallest_reader(partition.topic).push_back(partition);
    }
  }

  std::vector<TopicPartition>& smallest_reader(const std::string& topic) {
    std::vector<TopicPartition>* smallest = nullptr;
    for (const MemberSubscription& member : members_) {
      if (!subscribes(member, topic)) continue;
      std::vector<TopicPartition>& has = assignment_[member.member_id];
      if (!smallest || has.size() < smallest->size()) smallest = &has;
    }
    CHECK(smallest, "a topic without readers is never dealt");
    return *smallest;
  }

  // Moves one partition at a time from whoever has at least two more than another who could read
  // it.
  void balance() {
    for (bool moved = true; moved;) {
      moved = false;
      for (auto& [member, partitions] : assignment_) {
        for (size_t i = partitions.size(); i-- > 0;) {
          std::vector<TopicPartition>& to = smallest_reader(partitions[i].topic);
          if (to.size() + 1 >= partitions.size()) continue;
          to.push_back(partitions[i]);
          partitions.erase(partitions.begin() + static_cast<std::ptrdiff_t>(i));
          moved = true;
        }
      }
    }
  }

  const std::vector<MemberSubscription>& members_;
  Assignment assignment_;
  std::set<TopicPartition> free_;
};

// What moves is withheld until its owner has given it up; the owner then rejoins, and so a second
// round gives it away.
void withhold_what_moves(const std::vector<MemberSubscription>& members, Assignment& assignment) {
  std::map<TopicPartition, std::pair<int32_t, std::string>> owner;  // newest claim
  for (const MemberSubscription& member : members) {
    for (const TopicPartition& partition : member.owned) {
      auto& claim = owner.try_emplace(partition, member.generation, member.member_id).first->second;
      if (member.generation > claim.first) claim = {member.generation, member.member_id};
    }
  }
  for (auto& [member, partitions] : assignment) {
    std::erase_if(partitions, [&](const TopicPartition& partition) {
      const auto claim = owner.find(partition);
      return claim != owner.end() && claim->second.second != member;
    });
  }
}

}  // namespace

std::string_view strategy_name(Strategy strategy) {
  switch (strategy) {
    case Strategy::kRange:
      return "range";
    case Strategy::kRoundRobin:
      return "roundrobin";
    case Strategy::kSticky:
      return "sticky";
    case Strategy::kCooperativeSticky:
      return "cooperative-sticky";
  }
  return "";
}

Assignment assign(Strategy strategy, std::vector<MemberSubscription> members,
                  const Counts& partition_counts) {
  std::sort(members.begin(), members.end(), comes_before);
  switch (strategy) {
    case Strategy::kRange:
      return assign_range(members, partition_counts);
    case Strategy::kRoundRobin:
      return assign_round_robin(members, partition_counts);
    case Strategy::kSticky:
      return StickyAssignor(members, partition_counts).run();
    case Strategy::kCooperativeSticky: {
      Assignment assignment = StickyAssignor(members, partition_counts).run();
      withhold_what_moves(members, assignment);
      return assignment;
    }
  }
  return {};
}

}  // namespace millrace::client
