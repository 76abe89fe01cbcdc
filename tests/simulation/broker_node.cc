#include "tests/simulation/broker_node.h"

#include <fmt/core.h>
#include <utility>

#include "base/check.h"
#include "base/logging.h"

namespace millrace::scenario {
namespace {

constexpr Duration kLookEvery = milliseconds(200);

// So small that its files are used again and again, and that some batches are too large for it.
constexpr log::JournalOptions kJournal{.file_bytes = 64 << 10, .files_max = 4};

constexpr std::pair<std::string_view, std::string_view> kSettings[] = {
    {"log.dirs", "/data"},
    {"auto.create.topics.enable", "false"},
    {"log.retention.check.interval.ms", "500"},
    {"log.flush.offset.checkpoint.interval.ms", "2000"},
    {"log.flush.start.offset.checkpoint.interval.ms", "1500"},
    {"replica.high.watermark.checkpoint.interval.ms", "1000"},
    {"log.segment.delete.delay.ms", "1000"},
    {"log.delete.io.max.bytes.per.second", "200000"},
    {"log.cleaner.dedupe.buffer.size", "65536"},
    {"log.cleaner.backoff.ms", "500"},
    {"metadata.log.max.record.bytes.between.snapshots", "3000"},
    {"offsets.topic.num.partitions", "2"},
    {"group.initial.rebalance.delay.ms", "100"},
    {"group.min.session.timeout.ms", "1000"},
};

}  // namespace

Settings broker_settings(const std::vector<std::pair<std::string, std::string>>& more) {
  Settings settings;
  settings.use_zero_config();
  const auto set = [&](std::string_view name, std::string_view value) {
    const Result<> done = settings.set(SettingLayer::kCommandLine, name, value, "the scenario");
    CHECK(done.has_value(), "a setting of the scenario");
  };
  set("listeners", fmt::format("PLAINTEXT://{}:{}", kServerName, kServerPort));
  for (const auto& [name, value] : kSettings) set(name, value);
  for (const auto& [name, value] : more) set(name, value);
  return settings;
}

BrokerNode::BrokerNode(runtime::Env& env, BrokerNodeOptions options)
    : env_(env),
      options_(std::move(options)),
      broker_(env, broker_settings(options_.settings),
              {.recovery_checks_crc = options_.recovery_checks_crc, .journal = kJournal}),
      scope_(env.loop) {
  scope_.spawn("broker", run(this));
}

runtime::Task<> BrokerNode::run(BrokerNode* self) {
  const Result<> started = co_await as_result(self->broker_.start());
  if (!started) {
    self->options_.exit("cannot start: " + started.error().message());
    co_return;
  }
  self->serving_ = true;
  if (self->options_.ready) self->options_.ready();
  while (true) {
    co_await runtime::sleep_until(self->env_.loop.now() + kLookEvery);
    const broker::BrokerStatus status = self->broker_.status();
    for (const auto* problems : {&status.unloadable, &status.failed}) {
      if (problems->empty()) continue;
      self->options_.exit(problems->front());
      co_return;
    }
  }
}

}  // namespace millrace::scenario
