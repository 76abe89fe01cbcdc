// A host for tests: runs a Coordinator over a log in memory, with a clock that is moved by hand.
// Keeps every reply until it is asked for. Only for *_test.cc; requests are in test_host.h.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "group/coordinator.h"

namespace millrace::group {

struct StoredBytes {
  std::string key;
  std::optional<std::string> value;

  Record view() const {
    Record record = {as_bytes(key), std::nullopt};
    if (value) record.value = as_bytes(*value);
    return record;
  }
};

class TestLogHost {
 public:
  explicit TestLogHost(const Config& config = {.initial_rebalance_delay = Duration{}},
                       uint64_t seed = 1)
      : config_(config), coordinator_(config, Random(seed)), random_(seed) {
    coordinator_.loaded(now);
  }

  Now now = {MonoTime{1'000'000'000}, Timestamp{1'700'000'000'000}};
  std::vector<StoredBytes> log;

  Coordinator& coordinator() { return coordinator_; }

  RequestContext context(int16_t version, std::string_view client = "c") {
    return {.token = Token(++last_token_),
            .version = version,
            .client_id = client,
            .client_host = "/10.0.0.7",
            .now = now};
  }

  /// The next append that has records fails: they are not in the log, and whoever waits for them
  /// is refused.
  bool fails_next_append = false;

  /// Takes what the coordinator wants done: records into the log, replies into the drawer.
  void flush() {
    taken_.push_back(coordinator_.take_actions());
    if (fails_next_append && !taken_.back().records.empty()) {
      for (Reply& reply : taken_.back().replies) refuse(reply, Errc::kNotCoordinator);
      keep_replies();
      fails_next_append = false;
      return reload();
    }
    for (const Record& record : taken_.back().records) {
      StoredBytes stored = {std::string(as_text(record.key)), std::nullopt};
      if (record.value) stored.value = std::string(as_text(*record.value));
      log.push_back(std::move(stored));
    }
    keep_replies();
  }

  /// Null while the request waits.
  template <class Response>
  const Response* reply(Token token) const {
    const auto found = replies_.find(token.value);
    return found == replies_.end() ? nullptr : std::get_if<Response>(found->second);
  }
  bool is_answered(Token token) const { return replies_.contains(token.value); }
  size_t answered() const { return replies_.size(); }
  size_t asked() const { return last_token_; }
  size_t answered_twice() const { return answered_twice_; }

  /// Lets time pass, alarm by alarm.
  void advance(Duration by) {
    const Now target = {now.mono + by, now.wall + by};
    tick();
    while (coordinator_.next_deadline() <= target.mono) {
      // The deadline may be between two milliseconds of the wall clock.
      const Duration step = coordinator_.next_deadline() - now.mono;
      now = {now.mono + step, now.wall + step};
      tick();
    }
    now = target;
  }
  void tick() {
    coordinator_.tick(now);
    flush();
  }

  /// The coordinator gives way to another one, which takes over from the log.
  void reload() {
    coordinator_.unload(Errc::kNotCoordinator);
    taken_.push_back(coordinator_.take_actions());
    keep_replies();
    coordinator_ = load(config_);
    coordinator_.loaded(now);
  }
  Coordinator load(const Config& config) {
    Coordinator fresh(config, random_.fork());
    for (const StoredBytes& record : log) (void)fresh.replay(record.view());
    return fresh;
  }

 private:
  void keep_replies() {
    for (const Reply& reply : taken_.back().replies) {
      if (!replies_.emplace(reply.token.value, &reply.response).second) ++answered_twice_;
    }
  }

  Config config_;
  Coordinator coordinator_;
  Random random_;
  uint64_t last_token_ = 0;
  size_t answered_twice_ = 0;
  std::deque<Actions> taken_;
  std::map<uint64_t, const AnyResponse*> replies_;
};

}  // namespace millrace::group
