#include "client/assignor.h"

#include <set>

#include "base/random.h"

#include "base/testing.h"

namespace millrace::client {
namespace {

std::vector<int32_t> numbers(const std::vector<TopicPartition>& partitions) {
  std::vector<int32_t> result;
  result.reserve(partitions.size());
  for (const TopicPartition& p : partitions) result.push_back(p.partition.value);
  return result;
}

TEST_CASE("range gives neighbours, the first members one more") {
  const Assignment a = assign(Strategy::kRange,
                              {{.member_id = "b", .topics = {"t"}},
                               {.member_id = "a", .topics = {"t"}},
                               {.member_id = "c", .topics = {"t"}}},
                              {{"t", 7}});
  CHECK(numbers(a.at("a")) == std::vector{0, 1, 2});
  CHECK(numbers(a.at("b")) == std::vector{3, 4});
  CHECK(numbers(a.at("c")) == std::vector{5, 6});
}

TEST_CASE("roundrobin deals over topics and skips who does not subscribe") {
  const Assignment a =
      assign(Strategy::kRoundRobin,
             {{.member_id = "a", .topics = {"t", "u"}}, {.member_id = "b", .topics = {"t"}}},
             {{"t", 3}, {"u", 2}});
  CHECK(a.at("a").size() == 4);
  CHECK(numbers(a.at("b")) == std::vector{1});
}

TEST_CASE("range puts static members first, whatever their member ids") {
  const Assignment a = assign(Strategy::kRange,
                              {{.member_id = "z", .instance_id = "i1", .topics = {"t"}},
                               {.member_id = "a", .topics = {"t"}}},
                              {{"t", 3}});
  CHECK(numbers(a.at("z")) == std::vector{0, 1});
}

TEST_CASE("cooperative-sticky withholds what moves until its owner has let go") {
  MemberSubscription a{.member_id = "a", .topics = {"t"}, .generation = 1};
  for (int32_t p = 0; p < 4; ++p) a.owned.push_back({"t", PartitionIndex(p)});
  MemberSubscription b{.member_id = "b", .topics = {"t"}};
  const Assignment first = assign(Strategy::kCooperativeSticky, {a, b}, {{"t", 4}});
  CHECK(first.at("a").size() == 2);
  CHECK(first.at("b").empty());

  a.owned = first.at("a");
  a.generation = b.generation = 2;
  const Assignment second = assign(Strategy::kCooperativeSticky, {a, b}, {{"t", 4}});
  CHECK(second.at("a") == first.at("a"));
  CHECK(second.at("b").size() == 2);
}

TEST_CASE(
    "every partition has one reader, and sticky is even and moves little, for random groups") {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    std::map<std::string, int32_t> counts;
    std::vector<std::string> topics;
    for (uint64_t t = 0; t < 1 + random.below(4); ++t) {
      topics.push_back("t" + std::to_string(t));
      counts[topics.back()] = static_cast<int32_t>(1 + random.below(12));
    }
    std::vector<MemberSubscription> members(1 + random.below(6));
    for (size_t m = 0; m < members.size(); ++m) {
      members[m].member_id = "m" + std::to_string(m);
      members[m].topics = topics;
    }
    Assignment last;
    for (int round = 0; round < 3; ++round) {
      for (const Strategy strategy : {Strategy::kRange, Strategy::kRoundRobin, Strategy::kSticky}) {
        const Assignment assignment = assign(strategy, members, counts);
        std::set<TopicPartition> seen;
        for (const auto& [member, partitions] : assignment) {
          for (const TopicPartition& p : partitions) REQUIRE(seen.insert(p).second);
        }
        size_t total = 0;
        for (const auto& [topic, count] : counts) total += static_cast<size_t>(count);
        REQUIRE(seen.size() == total);
        if (strategy != Strategy::kSticky) continue;

        size_t least = total;
        size_t most = 0;
        for (const auto& [member, partitions] : assignment) {
          least = std::min(least, partitions.size());
          most = std::max(most, partitions.size());
        }
        REQUIRE(most - least <= 1);
        for (MemberSubscription& member : members) {
          member.owned = assignment.at(member.member_id);
          member.generation = round;
        }
      }
      // The same members again: nothing moves.
      const Assignment again = assign(Strategy::kSticky, members, counts);
      for (const MemberSubscription& member : members) {
        REQUIRE(again.at(member.member_id) == member.owned);
      }
      // One leaves: the others keep what they had.
      if (members.size() > 1) {
        members.pop_back();
        const Assignment fewer = assign(Strategy::kSticky, members, counts);
        for (const MemberSubscription& member : members) {
          REQUIRE(std::includes(fewer.at(member.member_id).begin(),
                                fewer.at(member.member_id).end(), member.owned.begin(),
                                member.owned.end()));
        }
      }
    }
  }
}

}  // namespace
}  // namespace millrace::client
