// The program behind `./dev sim`: runs scenarios in a simulated world, over many seeds or one, and
// crashes a server at every point where it can be.
#include <fmt/core.h>
#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "simulation/faults.h"
#include "tests/simulation/crash_plan.h"
#include "tests/simulation/crash_workloads.h"
#include "tests/simulation/runner.h"

namespace millrace::scenario {
namespace {

constexpr std::string_view kUsage = R"(usage: {0} [options]

  {0} --seeds 2000                       every scenario, 2000 seeds each
  {0} --scenario journal --seed 17       one seed again, with what its nodes logged
  {0} --plant skip-sync --seeds 200      puts a bug in; passes when some seed finds it
  {0} --hours 100                        a broker's long life, with bounds on all it holds
  {0} --crash-points                     crashes a server at every change to its disk, in turn
  {0} --crash-points --only roll:137:after:power-1    one of them again, told in full

  --scenario NAME     only this one (--list shows all)
  --seeds N           how many seeds per scenario (100)
  --first-seed S      the first of them (1)
  --seed S            only this one, told in full
  --hours H           so many virtual hours of a broker's life, in a few lives side by side; with
                      --scenario: per seed (30 seconds)
  --plant BUG         a bug on purpose (--list shows all)
  --fault NAME=VALUE  instead of what the seed draws; repeat it for more (--list shows all)
  --twice N           how many seeds to run twice and compare (3)
  --processes N       how many run side by side (1)
  --crash-points      enumerates crashes instead of drawing worlds; with it
    --quick             one crash point in 29
    --workload NAME     only those of one workload (--list shows all)
    --draws N           power losses per point, besides the one that leaves nothing unsynced (2)
    --only CASE         one of them: WORKLOAD:CHANGE:before|within|after:kill|power-N
  --command TEXT      how to call this program, for what it tells you to type
)";

constexpr uint64_t kQuickStride = 29;
constexpr uint64_t kLives = 4;

struct Arguments {
  Plan plan;
  CrashPlanOptions crashes;
  bool crash_points = false;
  std::string only;
  bool one_seed = false;
  bool scenario_named = false;
  bool seeds_named = false;
  bool twice_named = false;
  bool list = false;
  bool help = false;
};

template <class Number>
Result<Number> number_of(std::string_view option, std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number >= 0) return number;
  return fail(Errc::kInvalidSetting,
              fmt::format("{}: \"{}\" is not a number from 0 on", option, text));
}

Result<> add_scenario(Plan& plan, std::string_view name) {
  const Scenario* scenario = find_scenario(name);
  if (!scenario) {
    return fail(Errc::kInvalidSetting,
                fmt::format("there is no scenario \"{}\"; --list shows what there is", name));
  }
  plan.scenarios = {scenario};
  return {};
}

Result<> add_fault(Plan& plan, std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos) {
    return fail(Errc::kInvalidSetting, fmt::format("--fault {}: NAME=VALUE wanted", text));
  }
  const std::string name(text.substr(0, equals));
  const std::string value(text.substr(equals + 1));
  simulation::Faults probe;
  TRY(probe.set(name, value));
  plan.options.faults.emplace_back(name, value);
  return {};
}

// Those of --crash-points; false when it is none.
Result<bool> take_crash_option(Arguments& arguments, std::string_view option,
                               std::string_view value) {
  if (option == "--workload") {
    arguments.crashes.workload = value;
  } else if (option == "--draws") {
    arguments.crashes.draws = std::clamp(TRY(number_of<int>(option, value)), 0, 100);
  } else if (option == "--only") {
    arguments.only = value;
  } else {
    return false;
  }
  return true;
}

Result<> take_option(Arguments& arguments, std::string_view option, std::string_view value) {
  Plan& plan = arguments.plan;
  if (option == "--scenario") {
    arguments.scenario_named = true;
    return add_scenario(plan, value);
  }
  if (option == "--fault") return add_fault(plan, value);
  if (option == "--seeds") {
    plan.seeds = std::max<uint64_t>(1, TRY(number_of<uint64_t>(option, value)));
    arguments.seeds_named = true;
  } else if (option == "--first-seed") {
    plan.first_seed = TRY(number_of<uint64_t>(option, value));
  } else if (option == "--seed") {
    plan.first_seed = TRY(number_of<uint64_t>(option, value));
    arguments.one_seed = true;
  } else if (option == "--hours") {
    const double hours = std::min(1e5, TRY(number_of<double>(option, value)));
    plan.options.length = milliseconds(static_cast<int64_t>(hours * 3.6e6));
    plan.in_hours = true;
  } else if (option == "--plant") {
    plan.options.plant = value;
  } else if (option == "--twice") {
    plan.determinism_seeds = TRY(number_of<uint64_t>(option, value));
    arguments.twice_named = true;
  } else if (option == "--processes") {
    plan.processes = std::clamp(TRY(number_of<int>(option, value)), 1, 64);
  } else if (option == "--command") {
    plan.command = value;
  } else if (!TRY(take_crash_option(arguments, option, value))) {
    return fail(Errc::kInvalidSetting, fmt::format("there is no option {}", option));
  }
  return {};
}

// Hours of nothing in particular are those of a long life; a few of them are faster than one.
void share_hours(Arguments& arguments) {
  Plan& plan = arguments.plan;
  plan.scenarios = {find_scenario("long-life")};
  if (arguments.one_seed || arguments.seeds_named) return;
  plan.seeds = kLives;
  plan.options.length = plan.options.length / static_cast<int64_t>(kLives);
  if (!arguments.twice_named) plan.determinism_seeds = 0;
}

Result<Arguments> parse(const std::vector<std::string_view>& words) {
  Arguments arguments;
  arguments.plan.command = words[0];
  for (const Scenario& scenario : scenarios()) {
    if (!scenario.by_name_only) arguments.plan.scenarios.push_back(&scenario);
  }
  for (size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "--help" || words[i] == "-h") {
      arguments.help = true;
    } else if (words[i] == "--list") {
      arguments.list = true;
    } else if (words[i] == "--crash-points") {
      arguments.crash_points = true;
    } else if (words[i] == "--quick") {
      arguments.crashes.stride = kQuickStride;
    } else if (i + 1 == words.size()) {
      return fail(Errc::kInvalidSetting, fmt::format("{} wants a value", words[i]));
    } else {
      TRY(take_option(arguments, words[i], words[i + 1]));
      ++i;
    }
  }
  if (arguments.plan.in_hours && !arguments.scenario_named) share_hours(arguments);
  return arguments;
}

// A planted bug runs where it is known.
Result<> keep_those_with_plant(Plan& plan) {
  if (plan.options.plant.empty()) return {};
  std::erase_if(plan.scenarios, [&](const Scenario* scenario) {
    return std::none_of(scenario->plants.begin(), scenario->plants.end(),
                        [&](const Plant& one) { return one.name == plan.options.plant; });
  });
  if (!plan.scenarios.empty()) return {};
  return fail(
      Errc::kInvalidSetting,
      fmt::format("nobody knows a bug \"{}\"; --list shows what there is", plan.options.plant));
}

void print_list() {
  for (const Scenario& scenario : scenarios()) {
    fmt::print("{:<14} {}\n", scenario.name, scenario.sentence);
    for (const Plant& plant : scenario.plants) {
      fmt::print("  --plant {:<14} {}\n", plant.name, plant.sentence);
    }
  }
  fmt::print("\n--crash-points\n");
  for (const CrashWorkload& workload : crash_workloads()) {
    fmt::print("  --workload {:<22} {}\n", workload.name, workload.sentence);
  }
  for (const Plant& plant : crash_plants()) {
    fmt::print("  --plant {:<25} {}\n", plant.name, plant.sentence);
  }
  fmt::print("\nfaults\n{}", simulation::Faults::help());
}

int run_crash_points(Arguments& arguments) {
  arguments.crashes.run.plant = arguments.plan.options.plant;
  arguments.crashes.processes = arguments.plan.processes;
  arguments.crashes.command = arguments.plan.command;
  const Result<bool> passed = arguments.only.empty()
                                  ? run_crash_plan(arguments.crashes)
                                  : replay_crash_case(arguments.crashes, arguments.only);
  if (passed) return *passed ? 0 : 1;
  fmt::print(stderr, "error: {}\nhint: {} --help\n", passed.error().detail(),
             arguments.plan.command);
  return 2;
}

int main_of(const std::vector<std::string_view>& words) {
  Result<Arguments> arguments = parse(words);
  const Result<> known =
      arguments && !arguments->crash_points ? keep_those_with_plant(arguments->plan) : Result<>();
  if (!arguments || !known) {
    const Error& error = arguments ? known.error() : arguments.error();
    fmt::print(stderr, "error: {}\nhint: {} --help\n", error.detail(), words[0]);
    return 2;
  }
  const Plan& plan = arguments->plan;
  if (arguments->help) {
    fmt::print(fmt::runtime(kUsage), plan.command);
    return 0;
  }
  if (arguments->list) {
    print_list();
    return 0;
  }
  if (arguments->crash_points) return run_crash_points(*arguments);
  if (!arguments->one_seed) return run_plan(plan) ? 0 : 1;
  bool passed = true;
  for (const Scenario* scenario : plan.scenarios) {
    passed = replay(plan, *scenario, plan.first_seed) && passed;
  }
  return passed ? 0 : 1;
}

}  // namespace
}  // namespace millrace::scenario

int main(int count, char** words) {
  return millrace::scenario::main_of({words, words + count});
}
