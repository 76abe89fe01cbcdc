#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "app/option_checks.h"
#include "app/range_offsets.h"
#include "app/topic_facts.h"
#include "app/verbs.h"
#include "client/admin.h"

namespace millrace::app {
namespace {

using runtime::Task;

class TopicTrim : public Verb {
 public:
  void declare(CLI::App& app) override {
    app.add_option("topic", topic_, "its name")->required();
    app.add_option("--before", before_, "the first record to keep: OFFSET, @TIME, -DURATION or end")
        ->required();
    app.add_option("--partition", partition_, "only this one")->check(whole_number(0, INT32_MAX));
  }

  Task<> run(Session* session) override {
    client::Cluster* cluster = co_await session->cluster();
    Range range = co_await parse_range(before_, session->env().clock.wall());
    if (partition_ >= 0) range.partition = PartitionIndex(partition_);
    range.to = {.kind = Bound::Kind::kEnd};
    const auto resolved = co_await resolve_range(cluster, topic_, range);
    const auto ends = co_await partition_ends(cluster, topic_);
    std::map<PartitionIndex, Offset> before;
    std::string plan;
    for (const auto& [partition, offsets] : resolved) {
      const PartitionEnds& end = ends.at(partition);
      co_await check_in_reach(range.from, partition, end);
      if (offsets.from <= end.start) continue;
      before[partition] = offsets.from;
      plan += fmt::format("{}would remove {} of {}: {} to {}", plan.empty() ? "" : "\n",
                          counted(offsets.from - end.start, "record"),
                          coordinate(topic_, partition), end.start.value, offsets.from.value - 1);
    }
    if (before.empty()) {
      session->out().say("nothing to remove");
      co_return;
    }
    co_await session->confirm(plan, "removing records");
    const auto begins = co_await client::delete_records(cluster, topic_, before);
    for (const auto& [partition, start] : begins) {
      session->out().say(
          fmt::format("{} begins at {}", coordinate(topic_, partition), start.value));
    }
  }

 private:
  // A slip of the keyboard must not remove everything; who wants that says end.
  Result<> check_in_reach(const Bound& from, PartitionIndex partition,
                          const PartitionEnds& ends) const {
    if (from.kind != Bound::Kind::kOffset || from.number <= ends.end.value) return {};
    return fail(Errc::kOffsetOutOfRange,
                fmt::format("{} ends at {}, before {}; to remove all of it say --before end",
                            coordinate(topic_, partition), ends.end.value, from.number));
  }

  std::string topic_;
  std::string before_;
  int32_t partition_ = -1;
};

}  // namespace

std::unique_ptr<Verb> make_topic_trim() {
  return std::make_unique<TopicTrim>();
}

}  // namespace millrace::app
