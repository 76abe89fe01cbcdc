// The checkers of consumer groups: see checkers.h.
#include <fmt/core.h>
#include <algorithm>
#include <limits>
#include <tuple>

#include "tests/simulation/checkers.h"
#include "tests/simulation/sorted.h"

namespace millrace::scenario {
namespace {

using Place = std::pair<std::string, PartitionNumber>;  // a group's view of a partition

bool is_over(const Commit& commit) {
  return commit.outcome == Outcome::kAcknowledged;
}

std::map<Place, std::vector<const Commit*>> commits_by_place(const History& history) {
  std::map<Place, std::vector<const Commit*>> by_place;
  for (const Commit& commit : history.commits) {
    if (commit.outcome != Outcome::kRefused) {
      by_place[{commit.group, commit.partition}].push_back(&commit);
    }
  }
  return by_place;
}

}  // namespace

void check_ownership(const History& history, Report& report) {
  std::map<std::tuple<std::string, int32_t, PartitionNumber>, std::string> owners;
  for (const Assignment& assignment : history.assignments) {
    for (const PartitionNumber partition : assignment.partitions) {
      const auto [owner, is_first] = owners.try_emplace(
          {assignment.group, assignment.generation.value, partition}, assignment.member);
      if (is_first || owner->second == assignment.member) continue;
      report.add("ownership",
                 fmt::format("group {} generation {}: {} belongs to {} and at {:.6f}s to {}",
                             assignment.group, assignment.generation.value,
                             history.name_of(partition), owner->second,
                             static_cast<double>(assignment.at.ns) / 1e9, assignment.member));
    }
  }
}

void check_fencing(const History& history, Report& report) {
  // Per group, when each generation was first told to somebody.
  std::map<std::string, std::map<int32_t, MonoTime>> told;
  for (const Assignment& assignment : history.assignments) {
    const auto [first, is_new] =
        told[assignment.group].try_emplace(assignment.generation.value, assignment.at);
    if (!is_new) first->second = std::min(first->second, assignment.at);
  }
  for (const Commit& commit : history.commits) {
    if (!is_over(commit) || commit.generation.value < 0) continue;
    const auto& generations = told[commit.group];
    for (auto later = generations.upper_bound(commit.generation.value); later != generations.end();
         ++later) {
      if (later->second >= commit.began) continue;
      report.add("fencing",
                 fmt::format("group {}: {} committed {} in generation {} after {} was told",
                             commit.group, commit.member, history.name_of(commit.partition),
                             commit.generation.value, later->first));
      break;
    }
  }
}

void check_committed_offsets(const History& history, Report& report) {
  const auto by_place = commits_by_place(history);
  for (const CommittedRead& read : history.committed_reads) {
    const auto found = by_place.find({read.group, read.partition});
    static const std::vector<const Commit*> kNone;
    const std::vector<const Commit*>& commits = found == by_place.end() ? kNone : found->second;
    // Whatever had ended before the last one that was surely done began is replaced by it.
    MonoTime replaced_until{std::numeric_limits<int64_t>::min()};
    for (const Commit* commit : commits) {
      if (is_over(*commit) && commit->ended < read.began) {
        replaced_until = std::max(replaced_until, commit->began);
      }
    }
    const bool allowed = std::any_of(commits.begin(), commits.end(), [&](const Commit* commit) {
      return commit->offset == read.offset && commit->began <= read.ended &&
             commit->ended >= replaced_until;
    });
    const bool none_is_allowed = replaced_until.ns == std::numeric_limits<int64_t>::min();
    if (allowed || (read.offset.value < 0 && none_is_allowed)) continue;
    report.add("committed offsets",
               fmt::format("group {} {}: {} was said to be committed at {:.6f}s, and was not",
                           read.group, history.name_of(read.partition), read.offset.value,
                           static_cast<double>(read.ended.ns) / 1e9));
  }
}

void check_groups_skip_nothing(const History& history, Report& report) {
  std::map<Place, std::vector<const Read*>> reads;
  for (const Read& read : history.reads) {
    if (read.group) reads[{*read.group, read.partition}].push_back(&read);
  }
  std::map<Place, int64_t> committed;
  for (const Commit& commit : history.commits) {
    if (!is_over(commit)) continue;
    int64_t& most = committed[{commit.group, commit.partition}];
    most = std::max(most, commit.offset.value);
  }
  for (const auto& [place, most] : committed) {
    const auto of_group = sorted_by(reads[place], [](const Read* read) { return read->from; });
    int64_t covered = 0;
    for (const Read* read : of_group) {
      // What was removed before it could be read is no fault of the group.
      if (read->from.value > std::max(covered, read->log_start.value)) break;
      covered = std::max(covered, read->to.value);
    }
    if (covered >= most) continue;
    report.add("groups skip nothing",
               fmt::format("group {} committed {} of {}, but its members read only up to {}",
                           place.first, most, history.name_of(place.second), covered));
  }
}

}  // namespace millrace::scenario
