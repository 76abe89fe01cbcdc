// bench_load create, delete: topics before and after a measurement.
#include <string_view>

#include "bench/load/json.h"
#include "bench/load/phase.h"
#include "bench/load/topics.h"
#include "bench/load/workloads.h"

namespace millrace::bench {
namespace {

/// "a=1,b=2".
std::vector<std::pair<std::string, std::string>> configs_from(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> configs;
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find(','));
    const size_t equals = one.find('=');
    if (equals == std::string_view::npos) give_up("--config: want NAME=VALUE,NAME=VALUE");
    configs.emplace_back(one.substr(0, equals), one.substr(equals + 1));
    text.remove_prefix(std::min(one.size() + 1, text.size()));
  }
  return configs;
}

/// NAME, or NAME-0, NAME-1, ... with --topics.
std::vector<std::string> names_from(const Arguments& arguments) {
  const std::string name = arguments.text("topic");
  if (!arguments.has("topics")) return {name};
  std::vector<std::string> names;
  for (int64_t i = 0; i < arguments.number("topics"); ++i)
    names.push_back(fmt::format("{}-{}", name, i));
  return names;
}

/// As many requests as it takes: Kafka, and we, refuse one that makes more than 10 000 records of
/// metadata.
void create_in_steps(Conversation& asking, const std::vector<TopicWish>& wishes) {
  constexpr int64_t kRecordsMax = 10'000;
  std::vector<TopicWish> step;
  int64_t records = 0;
  for (const TopicWish& wish : wishes) {
    const auto of_it = 1 + wish.partitions + static_cast<int64_t>(wish.configs.size());
    if (!step.empty() && records + of_it > kRecordsMax) {
      create_topics(asking, step);
      step.clear();
      records = 0;
    }
    step.push_back(wish);
    records += of_it;
  }
  create_topics(asking, step);
}

}  // namespace

int run_create(const Arguments& arguments) {
  auto asking = must(Conversation::open(arguments.text("bootstrap")));
  const auto partitions = static_cast<int32_t>(arguments.number("partitions", 1));
  const auto configs = configs_from(arguments.text("config", ""));
  const bool ready = arguments.number("ready", 0) != 0;
  std::vector<TopicWish> wishes;
  for (const std::string& name : names_from(arguments)) {
    wishes.push_back({.name = name, .partitions = partitions, .configs = configs});
  }
  arguments.check_all_used();
  const int64_t begin = now_ns();
  create_in_steps(asking, wishes);
  const int64_t created = now_ns();
  if (ready) {
    for (const TopicWish& wish : wishes) {
      ready_partitions(asking, wish.name, wish.partitions, now_ns() + 5 * kDrainNs);
    }
  }
  Json json;
  json.add("created_s", static_cast<double>(created - begin) * 1e-9);
  json.add("ready_s", static_cast<double>(now_ns() - created) * 1e-9);
  json.print();
  return 0;
}

int run_delete(const Arguments& arguments) {
  auto asking = must(Conversation::open(arguments.text("bootstrap")));
  const std::vector<std::string> names = names_from(arguments);
  arguments.check_all_used();
  delete_topics(asking, names);
  return 0;
}

}  // namespace millrace::bench
