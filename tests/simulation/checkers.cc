#include "tests/simulation/checkers.h"

#include <fmt/core.h>
#include <utility>

namespace millrace::scenario {

void Report::add(std::string_view rule, std::string text) {
  ++count_;
  size_t& kept = per_rule_.try_emplace(std::string(rule)).first->second;
  if (kept++ < kKeptPerRule) violations_.push_back({std::string(rule), std::move(text)});
}

void check_bounds(const History& history, Report& report) {
  for (const Sample& sample : history.samples) {
    if (sample.value <= sample.limit) continue;
    report.add("bounds",
               fmt::format("{} was {}, its limit is {}", sample.what, sample.value, sample.limit));
  }
}

Report check_all(const History& history) {
  Report report;
  for (const auto check :
       {check_nothing_lost, check_nothing_doubled, check_nothing_invented, check_offsets_stable,
        check_offsets_dense, check_producer_order, check_high_watermark, check_reads_complete,
        check_compaction, check_retention, check_ownership, check_fencing, check_committed_offsets,
        check_groups_skip_nothing, check_bounds}) {
    check(history, report);
  }
  return report;
}

}  // namespace millrace::scenario
