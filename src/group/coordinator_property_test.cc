// Random clients, random time, failing appends and reloads, against what must always hold.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "group/test_host.h"

#include "base/testing.h"

namespace millrace::group {
namespace {

using Join = kafka::JoinGroupResponse;
using Sync = kafka::SyncGroupResponse;

const char* const kGroups[] = {"alpha", "beta", "gamma"};
const char* const kTopics[] = {"orders", "payments", "returns"};

Config config() {
  return {.initial_rebalance_delay = seconds(1),
          .group_size_max = 6,
          .offsets_retention = seconds(3'000),
          .retention_check_interval = seconds(500),
          .pending_members_max = 4};
}

/// A client as it sees itself. It makes mistakes: it repeats itself, forgets, and speaks of old
/// generations.
struct Client {
  std::string group;
  std::optional<std::string> instance;
  std::vector<std::pair<std::string, std::string>> protocols;
  std::vector<std::pair<std::string, std::string>> offered;  // when it last joined
  int16_t version = 9;
  std::string member_id;
  int32_t generation = -1;
  bool leads = false;
  std::vector<std::string> others;  // what a leader was told
  bool must_join = true;
  bool has_work = false;
  std::optional<Token> join;
  std::optional<Token> sync;
};

class World {
 public:
  explicit World(uint64_t seed) : random_(seed), host_(config(), seed) {
    for (int i = 0; i < 12; ++i) {
      Client client;
      client.group = kGroups[random_.below(std::size(kGroups))];
      if (random_.chance(0.4)) client.instance = "i" + std::to_string(random_.below(4));
      client.version = static_cast<int16_t>(random_.between(3, 9));
      if (client.instance) client.version = std::max<int16_t>(client.version, 5);
      choose_protocols(client);
      clients_.push_back(client);
    }
  }

  void step() {
    if (random_.chance(0.01)) host_.fails_next_append = true;
    Client& client = clients_[random_.below(clients_.size())];
    if (random_.chance(0.9)) {
      behave(client);
    } else {
      misbehave(client);
    }
    if (random_.chance(0.2)) host_.advance(milliseconds(random_.between(0, 2'000)));
    if (random_.chance(0.003)) host_.advance(seconds(random_.between(1, 1'000)));
    if (random_.chance(0.01)) host_.reload();
    if (random_.chance(0.03)) administer();
    listen();
    check_groups();
  }

  /// What a coordinator that takes over now would show is what this one shows, where nothing is
  /// under way.
  void check_reload() {
    TestHost other(config());
    other.now = host_.now;
    other.log = host_.log;
    other.reload();
    for (const char* group : kGroups) {
      const std::string group_id = group;
      CAPTURE(group_id);
      const auto here = host_.coordinator().explain(group);
      const auto there = other.coordinator().explain(group);
      const bool is_volatile =
          here && here->offsets == 0 && (here->ids_handed_out > 0 || here->members > 0);
      if (!here || !is_volatile) REQUIRE(here.has_value() == there.has_value());
      CHECK(host_.fetch_all(group) == other.fetch_all(group));
      if (!here || !there) continue;
      if (here->state != GroupState::kStable && here->state != GroupState::kEmpty) continue;
      CHECK(here->generation == there->generation);
      CHECK(here->leader == there->leader);
      CHECK(host_.describe(group) == other.describe(group));
    }
  }

  /// Left alone, every request is answered: nobody waits for ever.
  void check_ends() {
    host_.fails_next_append = false;
    host_.advance(seconds(3'600));
    listen();
    CHECK(host_.coordinator().count().parked == 0);
    CHECK(host_.answered() == host_.asked());
    CHECK(host_.answered_twice() == 0);
    host_.advance(seconds(10'000));
    CHECK(host_.coordinator().count().groups == 0);
    CHECK(host_.coordinator().count().members == 0);
  }

  const std::vector<StoredBytes>& log() const { return host_.log; }
  size_t syncs_done() const { return syncs_done_; }

 private:
  void choose_protocols(Client& client) {
    client.protocols.clear();
    for (const char* name : {"cooperative", "range", "sticky"}) {
      if (random_.chance(0.4)) continue;
      client.protocols.emplace_back(name, subscription({kTopics[random_.below(3)]}));
    }
    if (random_.chance(0.9)) client.protocols.emplace_back("common", subscription({kTopics[0]}));
  }

  /// As a consumer does: join, sync, then heartbeats and commits until it has to join again.
  void behave(Client& client) {
    if (client.join || client.sync) return;
    if (client.must_join) return join(client);
    if (!client.has_work) return sync(client);
    if (random_.chance(0.3)) return commit(client);
    heartbeat(client);
  }

  void misbehave(Client& client) {
    switch (random_.below(8)) {
      case 0:
        return join(client);
      case 1:
        return sync(client);
      case 2:
        return commit(client);
      case 3:
        return leave(client);
      case 4:
        return forget(client);
      case 5:
        return choose_protocols(client);
      default:
        return heartbeat(client);
    }
  }

  void forget(Client& client) {
    client.member_id.clear();
    client.generation = -1;
    client.leads = false;
    client.must_join = true;
    client.has_work = false;
  }

  void join(Client& client) {
    client.offered = client.protocols;
    client.join = host_.join({.group = client.group,
                              .member_id = client.member_id,
                              .instance = client.instance,
                              .session_ms = 10'000,
                              .rebalance_ms = 30'000,
                              .protocols = client.protocols,
                              .version = client.version});
  }

  void sync(Client& client) {
    if (client.generation < 0) return;
    TestHost::Assignments assignments;
    if (client.leads) {
      for (const std::string& member : client.others) {
        std::string work = member + std::to_string(++works_);
        given_[client.group].insert(work);
        assignments.of.emplace_back(member, std::move(work));
      }
    }
    const int32_t generation = client.generation - (random_.chance(0.05) ? 1 : 0);
    kafka::SyncGroupRequest request = {.group_id = client.group};
    if (client.instance) request.group_instance_id = *client.instance;
    client.sync = host_.sync(client.member_id, generation, assignments, request);
  }

  void heartbeat(Client& client) {
    if (client.member_id.empty()) return;
    const RequestContext context = host_.context(4);
    host_.coordinator().heartbeat(context, {.group_id = client.group,
                                            .generation_id = GenerationId(client.generation),
                                            .member_id = client.member_id});
    host_.flush();
    const int16_t error = host_.reply<kafka::HeartbeatResponse>(context.token)->error_code;
    if (error == code_of(Errc::kRebalanceInProgress)) {
      client.must_join = true;
    } else if (error != 0) {
      forget(client);
    }
  }

  void commit(Client& client) {
    host_.commit({.group = client.group,
                  .member_id = client.member_id,
                  .instance = client.instance,
                  .generation = client.generation,
                  .topic = kTopics[random_.below(3)],
                  .offsets = {{static_cast<int32_t>(random_.below(2)), random_.between(0, 99)}},
                  .retention_ms = random_.chance(0.1) ? 100'000 : -1});
  }

  void leave(Client& client) {
    kafka::LeaveGroupRequest::Member who = {.member_id = client.member_id};
    if (client.instance) who.group_instance_id = *client.instance;
    host_.leave({who}, client.group);
    forget(client);
  }

  void administer() {
    const char* group = kGroups[random_.below(std::size(kGroups))];
    const DeletedTopic deleted = {kTopics[random_.below(3)], TopicId()};
    switch (random_.below(6)) {
      case 0:
        host_.delete_offset(deleted.name, 0, group);
        break;
      case 1:
        host_.delete_group(group);
        break;
      case 2:
        host_.coordinator().topics_deleted({&deleted, 1});
        host_.flush();
        break;
      default:
        host_.list();
        host_.describe(group);
        break;
    }
  }

  /// Clients act on the replies that have come.
  void listen() {
    for (Client& client : clients_) {
      if (client.join && host_.is_answered(*client.join)) {
        joined(client, *host_.reply<Join>(*client.join));
        client.join.reset();
      }
      if (client.sync && host_.is_answered(*client.sync)) {
        synced(client, *host_.reply<Sync>(*client.sync));
        client.sync.reset();
      }
    }
  }

  void joined(Client& client, const Join& response) {
    if (response.error_code == code_of(Errc::kMemberIdRequired)) {
      CHECK(client.version >= 4);
      CHECK(!client.instance);
      client.member_id = response.member_id;
      return;
    }
    if (response.error_code != 0) return forget(client);
    client.member_id = response.member_id;
    client.generation = response.generation_id.value;
    client.must_join = false;
    client.has_work = false;
    client.leads = response.leader == response.member_id && !response.skip_assignment;
    client.others.clear();
    for (const Join::Member& member : response.members)
      client.others.emplace_back(member.member_id);
    // Only the leader learns who is there, and it is there itself.
    CHECK(response.members.empty() == (response.leader != response.member_id));
    if (client.leads) {
      CHECK(std::ranges::find(client.others, client.member_id) != client.others.end());
    }
    CHECK(std::ranges::any_of(client.offered, [&](const auto& protocol) {
      return protocol.first == response.protocol_name;
    }));
  }

  void synced(Client& client, const Sync& response) {
    if (response.error_code == code_of(Errc::kRebalanceInProgress)) {
      client.must_join = true;
      return;
    }
    if (response.error_code != 0) return forget(client);
    ++syncs_done_;
    client.has_work = true;
    // Assignments come from leaders, and from nowhere else.
    const std::string work(as_text(response.assignment));
    if (!work.empty()) CHECK(given_[client.group].contains(work));
  }

  /// Invariants 1 to 3 of group.h, as far as they show.
  void check_groups() {
    CHECK(host_.answered_twice() == 0);
    for (const char* name : kGroups) {
      const std::string group_id = name;
      CAPTURE(group_id);
      const auto group = host_.coordinator().explain(name);
      if (!group) continue;
      const bool is_empty = group->state == GroupState::kEmpty;
      if (is_empty) CHECK(group->members == 0);
      CHECK(group->leader.empty() == (group->members == 0));
      if (is_empty) continue;
      // Static members that did not rejoin in time stay beside those who did.
      if (group->state != GroupState::kPreparingRebalance) CHECK(group->members <= 6 + 4);
      const auto& described = host_.describe(name);
      std::set<std::string_view> ids;
      std::set<std::string_view> names;
      std::set<std::string_view> works;
      for (const auto& member : described.members) {
        ids.insert(member.member_id);
        if (member.group_instance_id) CHECK(names.insert(*member.group_instance_id).second);
        // Work is given to one member only.
        if (!member.member_assignment.empty())
          CHECK(works.insert(as_text(member.member_assignment)).second);
      }
      if (!ids.empty()) CHECK(ids.contains(group->leader));
      const bool waits = group->state == GroupState::kPreparingRebalance ||
                         group->state == GroupState::kCompletingRebalance;
      CHECK(group->waits_until.has_value() >= waits);  // nobody waits without an end
    }
  }

  Random random_;
  TestHost host_;
  std::vector<Client> clients_;
  std::map<std::string, std::set<std::string>> given_;  // by leaders, per group
  uint64_t works_ = 0;
  size_t syncs_done_ = 0;
};

TEST_CASE("whatever clients, time and the log do, a shard keeps its promises") {
  size_t syncs = 0;
  for (uint64_t seed = 1; seed <= 80; ++seed) {
    CAPTURE(seed);
    World world(seed);
    for (int step = 0; step < 1'000; ++step) {
      CAPTURE(step);
      world.step();
      if (step % 20 == 0) world.check_reload();
    }
    world.check_ends();
    syncs += world.syncs_done();
  }
  CHECK(syncs > 2'000);  // the clients do get somewhere
}

TEST_CASE("the same seed gives the same log, byte for byte") {
  for (uint64_t seed = 100; seed < 110; ++seed) {
    CAPTURE(seed);
    World one(seed);
    World two(seed);
    for (int step = 0; step < 300; ++step) {
      one.step();
      two.step();
    }
    REQUIRE(one.log().size() == two.log().size());
    for (size_t i = 0; i < one.log().size(); ++i) {
      CHECK(one.log()[i].key == two.log()[i].key);
      CHECK(one.log()[i].value == two.log()[i].value);
    }
  }
}

}  // namespace
}  // namespace millrace::group
