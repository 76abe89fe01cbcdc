#include "tests/simulation/scenario.h"

#include "tests/simulation/broker_scenario.h"
#include "tests/simulation/journal_scenario.h"
#include "tests/simulation/long_scenario.h"

namespace millrace::scenario {

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all = {broker_scenario(), journal_scenario(), long_scenario()};
  return all;
}

const Scenario* find_scenario(std::string_view name) {
  for (const Scenario& scenario : scenarios()) {
    if (scenario.name == name) return &scenario;
  }
  return nullptr;
}

}  // namespace millrace::scenario
