#include "app/verbs.h"

namespace millrace::app {
namespace {

using enum Uses;

constexpr VerbRow kVerbRows[] = {
#define MILLRACE_VERB(noun, name, alias, uses, maker, summary, examples) \
  {noun, name, alias, uses, summary, examples, maker},
#include "app/verbs.def"
#undef MILLRACE_VERB
};

constexpr std::pair<std::string_view, std::string_view> kNouns[] = {
    {"topic", "topics: list, look at, make, change, delete, trim"},
    {"group", "consumer groups: list, look at, move, delete"},
    {"config", "settings of topics, brokers and groups"},
    {"record", "single records"},
    {"log", "the files of a data directory"},
};

}  // namespace

std::span<const VerbRow> verb_rows() {
  return kVerbRows;
}

std::string_view noun_summary(std::string_view noun) {
  for (const auto& [name, summary] : kNouns) {
    if (name == noun) return summary;
  }
  return "";
}

}  // namespace millrace::app
