// bench_load group: --members N join a group at once; then each commits offsets, one after another.
// Closed on purpose: a member has one commit under way, as clients do.
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "bench/load/group_member.h"
#include "bench/load/json.h"
#include "bench/load/phase.h"
#include "bench/load/topics.h"
#include "bench/load/workloads.h"
#include "kafka/messages/find_coordinator.h"
#include "kafka/messages/heartbeat.h"

namespace millrace::bench {
namespace {

constexpr int64_t kHeartbeatNs = 50'000'000;
constexpr useconds_t kRetryAfterUs = 5000;

using Members = std::vector<std::unique_ptr<GroupMember>>;

/// The first question for a coordinator makes the topic it lives on, and it takes a while until
/// the coordinator answers for the group: until then it knows of no group, afterwards of no such
/// member.
void await_coordinator(Conversation& with, const std::string& group) {
  const int64_t give_up_at = now_ns() + kDrainNs;
  while (true) {
    with.ask<kafka::FindCoordinatorResponse>(kafka::FindCoordinatorRequest{.key = group},
                                             kFindCoordinatorVersion);
    const auto beat = with.ask<kafka::HeartbeatResponse>(
        kafka::HeartbeatRequest{.group_id = group, .member_id = "nobody"}, kHeartbeatVersion);
    if (errc_from_kafka(beat.error_code) == Errc::kUnknownMemberId) return;
    if (now_ns() > give_up_at) give_up(describe_code(beat.error_code, "finding the coordinator"));
    usleep(kRetryAfterUs);
  }
}

/// Whether all are in one generation whose leader saw as many.
bool all_in(const Members& members) {
  const GenerationId generation = members.front()->generation();
  if (generation == GenerationId()) return false;
  const auto same = [&](const auto& m) { return m->generation() == generation; };
  const auto saw_all = [&](const auto& m) { return m->members_seen() == members.size(); };
  return std::all_of(members.begin(), members.end(), same) &&
         std::any_of(members.begin(), members.end(), saw_all);
}

/// Units of the result: seconds.
double join_all(Poller& poller, Members& members) {
  const int64_t begin = now_ns();
  for (auto& member : members) member->join();
  int64_t next_beat = begin + kHeartbeatNs;
  const auto beat = [&](int64_t now) {
    if (now < next_beat) return next_beat;
    for (auto& member : members) member->heartbeat();
    return next_beat = now + kHeartbeatNs;
  };
  poller.run(begin + 6 * kDrainNs, beat, [&] { return all_in(members); });
  if (!all_in(members)) give_up("the members did not come together");
  return static_cast<double>(now_ns() - begin) * 1e-9;
}

bool any_busy(const Members& members) {
  return std::any_of(members.begin(), members.end(), [](const auto& m) { return m->busy(); });
}

}  // namespace

int run_group(const Arguments& arguments) {
  const std::string address = arguments.text("bootstrap");
  GroupPlan plan{.group = arguments.text("group"),
                 .topic = arguments.text("topic"),
                 .members = static_cast<int32_t>(arguments.number("members", 100))};
  const auto server = static_cast<pid_t>(arguments.number("watch", 0));
  auto asking = must(Conversation::open(address));
  await_coordinator(asking, plan.group);

  Poller poller;
  Members members;
  for (int32_t i = 0; i < plan.members; ++i) {
    members.push_back(std::make_unique<GroupMember>(poller, address, plan, i));
  }
  const double join_s = join_all(poller, members);
  const auto still = [](int64_t) { return INT64_MAX; };
  poller.run(now_ns() + kDrainNs, still, [&] { return !any_busy(members); });

  const Phase phase = Phase::starting_now(arguments);
  arguments.check_all_used();
  plan.count_from_ns = phase.from_ns;
  plan.commit_until_ns = phase.until_ns;
  for (auto& member : members) member->commit();
  Meter committing(server);
  poller.run(phase.from_ns, still, [] { return false; });
  committing.begin();
  poller.run(phase.until_ns + kDrainNs, still, [&] { return !any_busy(members); });
  committing.end(0);

  Json json;
  json.add("join_s", join_s);
  json.add("commits", plan.committed);
  json.add("commits_per_s", static_cast<double>(plan.committed) / phase.seconds());
  json.add("commit", plan.commits);
  committing.report(json);
  json.print();
  return 0;
}

}  // namespace millrace::bench
