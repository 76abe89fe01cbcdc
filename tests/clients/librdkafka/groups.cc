// A group that grows from one member to three and shrinks to two.
#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "session.h"

namespace {

constexpr int kPartitions = 6;
const std::set<int32_t> kEvery = {0, 1, 2, 3, 4, 5};

// A consumer that polls and commits on a thread of its own, and tells what it has seen so far.
class Member {
 public:
  Member(const std::string& bootstrap, const std::string& topic, const Settings& settings)
      : topic_(topic) {
    consumer_ = make_client(
        RD_KAFKA_CONSUMER, bootstrap, settings, this,
        [](rd_kafka_conf_t* conf) { rd_kafka_conf_set_rebalance_cb(conf, rebalanced); });
    check(rd_kafka_subscribe(consumer_.get(), one_partition(topic, RD_KAFKA_PARTITION_UA).get()),
          "subscribing");
    thread_ = std::thread([this] { live(); });
  }

  // Leaves as the client does it: a static member does not tell the broker.
  ~Member() {
    closing_ = true;
    thread_.join();
  }

  std::set<int32_t> share() const {
    std::lock_guard guard(lock_);
    return share_;
  }

  std::vector<std::string> records(size_t since) const {
    std::lock_guard guard(lock_);
    return {records_.begin() + since, records_.end()};
  }

  size_t rebalances() const {
    std::lock_guard guard(lock_);
    return rebalances_.size();
  }

  std::set<int32_t> given_up(size_t since = 0) const {
    std::lock_guard guard(lock_);
    std::set<int32_t> all;
    for (size_t i = since; i < rebalances_.size(); ++i)
      if (rebalances_[i].revoked)
        all.insert(rebalances_[i].partitions.begin(), rebalances_[i].partitions.end());
    return all;
  }

  // Why it does not go on, or nothing while it does.
  std::string ended() const {
    std::lock_guard guard(lock_);
    return ended_;
  }

  std::string state() const {
    std::lock_guard guard(lock_);
    return said(std::vector(share_.begin(), share_.end())) + " after " + said(rebalances_.size()) +
           " changes and " + said(records_.size()) + " records";
  }

 private:
  struct Rebalance {
    bool revoked;
    std::set<int32_t> partitions;
  };

  static void rebalanced(rd_kafka_t* consumer, rd_kafka_resp_err_t what,
                         rd_kafka_topic_partition_list_t* partitions, void* opaque) {
    const bool assigned = what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
    static_cast<Member*>(opaque)->changed(!assigned, partitions);
    if (std::string(rd_kafka_rebalance_protocol(consumer)) == "COOPERATIVE") {
      rd_kafka_error_destroy(assigned ? rd_kafka_incremental_assign(consumer, partitions)
                                      : rd_kafka_incremental_unassign(consumer, partitions));
    } else {
      rd_kafka_assign(consumer, assigned ? partitions : nullptr);
    }
  }

  void changed(bool revoked, const rd_kafka_topic_partition_list_t* partitions) {
    if (!partitions->cnt) return;
    std::lock_guard guard(lock_);
    rebalances_.push_back({revoked, {}});
    for (int i = 0; i < partitions->cnt; ++i) {
      const int32_t partition = partitions->elems[i].partition;
      rebalances_.back().partitions.insert(partition);
      if (revoked)
        share_.erase(partition);
      else
        share_.insert(partition);
    }
  }

  void live() {
    try {
      consume();
    } catch (const std::exception& error) {
      std::lock_guard guard(lock_);
      ended_ = error.what();
    }
    rd_kafka_consumer_close(consumer_.get());
  }

  void consume() {
    while (!closing_) {
      std::optional<Record> record = poll(consumer_.get());
      if (!record) continue;
      check(rd_kafka_commit(consumer_.get(),
                            one_partition(topic_, record->partition, record->offset + 1).get(), 0),
            "a commit");
      std::lock_guard guard(lock_);
      records_.push_back(said(record->partition) + " " + record->value.value_or("null"));
    }
  }

  const std::string topic_;
  mutable std::mutex lock_;
  std::set<int32_t> share_;
  std::vector<std::string> records_;
  std::vector<Rebalance> rebalances_;
  std::string ended_;
  std::atomic<bool> closing_ = false;
  Client consumer_;
  std::thread thread_;
};

class Group {
 public:
  Group(const std::string& bootstrap, const std::string& name, const std::string& strategy)
      : bootstrap_(bootstrap), topic_(create(bootstrap, name, kPartitions)), strategy_(strategy) {}

  void join(const std::string& name, const std::string& seat = "") {
    Settings settings = {{"group.id", topic_},
                         {"client.id", name},
                         {"partition.assignment.strategy", strategy_},
                         {"heartbeat.interval.ms", "500"},
                         {"enable.auto.commit", "false"},
                         {"auto.offset.reset", "earliest"}};
    if (!seat.empty())
      settings.insert(settings.end(),
                      {{"group.instance.id", seat}, {"session.timeout.ms", "6000"}});
    members_[name] = std::make_unique<Member>(bootstrap_, topic_, settings);
  }

  void leave(const std::string& name) { members_.erase(name); }
  const Member& member(const std::string& name) const { return *members_.at(name); }

  // The first member reads before others come. A librdkafka (2.0.2) that is still asking where its
  // partitions begin when it has to give them up goes back there when it gets them again, whatever
  // the committed offset that it is told then.
  void begin(const std::string& seat = "") {
    join("one", seat);
    share_equally();
    consume_once("with one member");
  }

  void grow() {
    begin();
    join("two");
    join("three");
    share_equally();
    consume_once("with three members");
  }

  void shrink() {
    leave("three");
    share_equally();
    consume_once("with two members");
  }

  // Everybody's, but a member that has ended fails it at once, and the rest is told of each.
  void eventually(const std::string& what, const std::function<bool()>& seen) const {
    auto alive = [&] {
      for (const auto& [name, member] : members_)
        if (std::string why = member->ended(); !why.empty())
          throw Failure("member " + name + ", expected to live on, got " + why + "; it was at " +
                        member->state());
      return seen();
    };
    ::eventually(what, alive, [&] {
      std::string each;
      for (const auto& [name, member] : members_)
        each += (each.empty() ? "" : "; ") + name + " with " + member->state();
      return each;
    });
  }

  // Waits until the shares are disjoint, complete and of equal size.
  void share_equally() const {
    eventually("equal shares for " + said(members_.size()), [&] {
      std::set<int32_t> together;
      bool equal = true;
      for (const auto& [name, member] : members_) {
        const std::set<int32_t> share = member->share();
        equal &= share.size() == kPartitions / members_.size();
        together.insert(share.begin(), share.end());
      }
      return equal && together == kEvery;
    });
  }

  // Sends new records, and each must reach exactly one member.
  void consume_once(const std::string& when) const {
    std::map<std::string, size_t> before;
    for (const auto& [name, member] : members_) before[name] = member->records(0).size();
    std::vector<Record> out;
    std::vector<std::string> sent;
    for (int i = 0; i < 10 * kPartitions; ++i) {
      const std::string value = when + " " + said(i);
      out.push_back({.partition = i % kPartitions, .value = value});
      sent.push_back(said(i % kPartitions) + " " + value);
    }
    send(bootstrap_, topic_, out);
    auto consumed = [&] {
      std::vector<std::string> all;
      for (const auto& [name, member] : members_)
        for (const std::string& record : member->records(before[name])) all.push_back(record);
      std::sort(all.begin(), all.end());
      return all;
    };
    eventually("records consumed " + when, [&] { return consumed().size() >= sent.size(); });
    std::sort(sent.begin(), sent.end());
    expect("records consumed " + when, sent, consumed());
  }

 private:
  const std::string bootstrap_, topic_, strategy_;
  std::map<std::string, std::unique_ptr<Member>> members_;
};

void eager(const std::string& bootstrap) {
  Group group(bootstrap, "group-eager", "roundrobin");
  group.grow();
  expect("that an eager first member had to give everything up", true,
         group.member("one").given_up() == kEvery);
  group.shrink();
}

void cooperative(const std::string& bootstrap) {
  Group group(bootstrap, "group-cooperative", "cooperative-sticky");
  group.grow();
  const Member &one = group.member("one"), &two = group.member("two");
  std::set<int32_t> together = one.given_up();
  for (int32_t kept : one.share())
    expect("that the first member gave up what it keeps", true, together.insert(kept).second);
  expect("what the first member gave up and keeps, together all", true, together == kEvery);
  const size_t first = one.rebalances(), second = two.rebalances();
  group.shrink();
  expect("that anyone gave up anything when another left", false,
         !one.given_up(first).empty() || !two.given_up(second).empty());
}

void static_members(const std::string& bootstrap) {
  Group group(bootstrap, "group-static", "range");
  group.begin("seat-one");
  for (const std::string name : {"two", "three"}) group.join(name, "seat-" + name);
  group.share_equally();

  const std::set<int32_t> share = group.member("two").share();
  const std::vector<size_t> before = {group.member("one").rebalances(),
                                      group.member("three").rebalances()};
  group.leave("two");
  group.join("two", "seat-two");
  group.eventually("the share of the static member that came back",
                   [&] { return group.member("two").share() == share; });
  group.consume_once("after the return");
  expect("rebalances of the others while a static member was away and back", before,
         {group.member("one").rebalances(), group.member("three").rebalances()});

  group.leave("three");
  group.share_equally();
  group.consume_once("after the session of the lost member ended");
}

}  // namespace

void add_groups(Program& program) {
  program.scenarios["group-eager"] = eager;
  program.scenarios["group-cooperative"] = cooperative;
  program.scenarios["group-static"] = static_members;
}
