#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <set>

#include "app/option_checks.h"
#include "app/range_offsets.h"
#include "app/topic_facts.h"
#include "app/verbs.h"
#include "client/admin.h"
#include "client/offsets.h"

namespace millrace::app {
namespace {

using runtime::Task;

class GroupReset : public Verb {
 public:
  void declare(CLI::App& app) override {
    app.add_option("group", group_, "its id")->required();
    app.add_option("--to", to_, "start, end, OFFSET, -COUNT (before the end), @TIME or -DURATION")
        ->required();
    app.add_option("--topic", topics_, "only these (default: all the group has committed)");
    app.add_option("--partition", partition_, "only this one")->check(whole_number(0, INT32_MAX));
  }

  Task<> run(Session* session) override {
    client::Cluster* cluster = co_await session->cluster();
    const auto committed = co_await client::fetch_committed(cluster, group_, std::nullopt);
    std::set<std::string> topics(topics_.begin(), topics_.end());
    if (topics.empty()) {
      for (const auto& [partition, offset] : committed) topics.insert(partition.topic);
    }
    if (topics.empty()) {
      (void)co_await client::describe_group(cluster, group_);  // that there is none says more
      co_await fail(Errc::kUsage,
                    fmt::format("group {} has committed nothing: name a --topic", group_));
    }
    Range range = co_await parse_range(to_, session->env().clock.wall());
    if (partition_ >= 0) range.partition = PartitionIndex(partition_);
    range.to = {.kind = Bound::Kind::kEnd};

    std::map<client::TopicPartition, client::CommittedOffset> next;
    std::vector<std::string> moves;
    std::string stays;
    for (const std::string& topic : topics) {
      for (const auto& [partition, offsets] : co_await resolve_range(cluster, topic, range)) {
        const client::TopicPartition named{topic, partition};
        const auto now = committed.find(named);
        const bool has = now != committed.end();
        const std::string limit = describe_limit(range.from, offsets.from);
        if (has && now->second.offset == offsets.from) {
          stays += fmt::format("; {} is at {}{}", coordinate(topic, partition), offsets.from.value,
                               limit);
          continue;
        }
        next[named] = {.offset = offsets.from, .metadata = {}};
        moves.push_back(fmt::format(
            "{} from {} to {}{}{}", coordinate(topic, partition),
            has ? fmt::format("{}", now->second.offset.value) : "nothing", offsets.from.value,
            has ? describe_move(now->second.offset, offsets.from) : "", limit));
      }
    }
    if (next.empty()) {
      session->out().say("nothing to move" + stays);
      co_return;
    }
    co_await session->confirm(lines("would move ", moves), "moving offsets");
    const auto done = co_await as_result(client::commit(cluster, group_, {}, next));
    if (!done && (done.error().code() == Errc::kUnknownMemberId ||
                  done.error().code() == Errc::kIllegalGeneration)) {
      co_await fail(Errc::kNonEmptyGroup,
                    fmt::format("group {} has members that are reading", group_));
    }
    co_await Result<>(done);
    session->out().say(lines("moved ", moves));
    session->out().say(fmt::format(
        "moved {} of {}", counted(static_cast<int64_t>(next.size()), "partition"), group_));
  }

 private:
  static std::string lines(std::string_view what, const std::vector<std::string>& moves) {
    std::string text;
    for (const std::string& move : moves) {
      text += fmt::format("{}{}{}", text.empty() ? "" : "\n", what, move);
    }
    return text;
  }

  static std::string describe_move(Offset from, Offset to) {
    return to > from ? fmt::format(", skipping {}", counted(to - from, "record"))
                     : fmt::format(", reading {} again", counted(from - to, "record"));
  }

  // An offset outside the partition is brought inside; that is not what was asked for.
  static std::string describe_limit(const Bound& asked, Offset given) {
    if (asked.kind != Bound::Kind::kOffset || asked.number == given.value) return "";
    return fmt::format(" ({} is {})", asked.number,
                       asked.number > given.value ? "beyond the end" : "before the start");
  }

  std::string group_;
  std::string to_;
  std::vector<std::string> topics_;
  int32_t partition_ = -1;
};

}  // namespace

std::unique_ptr<Verb> make_group_reset() {
  return std::make_unique<GroupReset>();
}

}  // namespace millrace::app
