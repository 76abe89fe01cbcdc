#include "app/command_line.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "app/exit_code.h"
#include "app/option_checks.h"
#include "app/verbs.h"
#include "base/did_you_mean.h"

namespace millrace::app {
namespace {

constexpr size_t kNameWidth = 22;

std::string indent(std::string_view lines) {
  std::string text = "  ";
  for (const char c : lines) {
    text += c;
    if (c == '\n') text += "  ";
  }
  return text;
}

std::string usage_name(const VerbRow& row) {
  return row.noun.empty() ? std::string(row.name) : fmt::format("{} {}", row.noun, row.name);
}

std::string row_line(std::string_view name, std::string_view summary) {
  return fmt::format("  {:<{}}  {}\n", name, kNameWidth, summary);
}

// The front page: three examples, then what there is.
std::string overview() {
  std::string text =
      "Millrace: an event-streaming platform that speaks Apache Kafka's protocol.\n\n"
      "  millrace up                              run a broker, data in ./data\n"
      "  echo hello | millrace produce greetings  write\n"
      "  millrace consume greetings               read\n\n";
  text += "commands\n";
  std::string nouns;
  std::string_view last_noun;
  for (const VerbRow& row : verb_rows()) {
    if (row.noun.empty()) {
      text += row_line(row.name, row.summary);
    } else if (row.noun != last_noun) {
      nouns += row_line(row.noun, noun_summary(row.noun));
      last_noun = row.noun;
    }
  }
  text += "\nthings (millrace THING --help lists what can be done)\n" + nouns;
  return text +
         "\nmillrace COMMAND --help shows examples and flags; millrace help exit-codes what "
         "scripts "
         "get.\n";
}

std::string noun_help(std::string_view noun) {
  std::string examples;
  std::string verbs;
  for (const VerbRow& row : verb_rows()) {
    if (row.noun != noun) continue;
    examples += fmt::format("  {}\n", row.examples.substr(0, row.examples.find('\n')));
    verbs += row_line(
        row.alias.empty() ? std::string(row.name) : fmt::format("{}, {}", row.name, row.alias),
        row.summary);
  }
  return fmt::format("{}\n\n{}\nverbs\n{}", noun_summary(noun), examples, verbs);
}

// CLI11's pages with the examples in front, and without its shorthand for types.
class HelpPage : public CLI::Formatter {
 public:
  explicit HelpPage(const VerbRow& row) : row_(row) { column_width(30); }
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override {
    return fmt::format("{}: {}\n\n{}\n{}", usage_name(row_), row_.summary, indent(row_.examples),
                       CLI::Formatter::make_help(app, std::move(name), mode));
  }
  std::string make_description(const CLI::App*) const override { return ""; }
  std::string make_usage(const CLI::App* app, std::string) const override {
    std::string positionals;
    for (const CLI::Option* option : app->get_options(
             [](const CLI::Option* o) { return o->get_positional() && !o->get_group().empty(); })) {
      const char* more = option->get_items_expected_max() > 1 ? "..." : "";
      const std::string name = upper(option->get_name(true));
      positionals += option->get_required() ? fmt::format(" {}{}", name, more)
                                            : fmt::format(" [{}{}]", name, more);
    }
    return fmt::format("\nusage: millrace {}{} [flags]\n", usage_name(row_), positionals);
  }
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
    return is_positional ? upper(option->get_name(true))
                         : CLI::Formatter::make_option_name(option, is_positional);
  }
  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->get_positional() || option->get_items_expected_max() == 0) return "";
    return option->get_name(false, false).starts_with("--set") ? " NAME=VALUE" : " VALUE";
  }

 private:
  static std::string upper(std::string text) {
    for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return text;
  }
  const VerbRow& row_;
};

// The flags that mean the same wherever they are taken.
struct SharedFlags {
  std::string format = "table";
  std::string color = "auto";
  std::string columns;
  bool no_headers = false;
  std::string int64 = "number";

  void declare(CLI::App& app, Uses uses, CommonOptions& common, OutputOptions& output) {
    using enum Uses;
    if (any_of(uses, kCluster)) {
      const char* connection = "connection";
      app.add_option("-b,--bootstrap", common.bootstrap,
                     "brokers, HOST:PORT[,HOST:PORT] ($MILLRACE_BOOTSTRAP)")
          ->group(connection);
      app.add_option("--timeout", common.timeout_ms, "ms until a request is given up (30000)")
          ->group(connection)
          ->check(whole_number(1, 86'400'000));
    }
    const char* shown = "output";
    if (any_of(uses, kRows | kObject | kRecords)) {
      app.add_option("-o,--output", format,
                     any_of(uses, kObject) ? "table (default), json, ndjson, yaml, csv, name"
                                           : "table (default), wide, json, ndjson, yaml, csv, name")
          ->group(shown);
      app.add_flag("--no-headers", no_headers, "without the line of column names (table, csv)")
          ->group(shown);
      app.add_option("--json-int64", int64, "number (default), or string beyond 2^53")
          ->group(shown)
          ->check(one_of({"number", "string"}));
    }
    if (any_of(uses, kRows)) {
      app.add_option("--columns", columns, "only these, comma separated")->group(shown);
      app.add_option("--sort", output.sort, "by this column; -COLUMN for descending")->group(shown);
    }
    if (any_of(uses, kRows | kObject)) {
      app.add_option("--color", color, "auto (default), always, never")
          ->group(shown)
          ->check(one_of({"auto", "always", "never"}));
    }
    if (any_of(uses, kConfirm)) {
      app.add_flag("-y,--yes", common.assume_yes, "do what cannot be undone");
    }
    if (any_of(uses, kTalk)) {
      app.add_flag("-v,--verbose", common.verbosity, "more on stderr");
    }
  }

  Result<> apply(const Environment& environment, OutputOptions& output) const {
    output.format = TRY(parse_format(format));
    output.headers = !no_headers;
    output.int64_as_text = int64 == "string";
    output.terminal = environment.output_is_terminal;
    output.color = color == "always" ||
                   (color == "auto" && (environment.force_color ||
                                        (environment.output_is_terminal && !environment.no_color)));
    std::string_view rest = columns;
    while (!rest.empty()) {
      const size_t comma = std::min(rest.find(','), rest.size());
      output.columns.emplace_back(rest.substr(0, comma));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    return {};
  }
};

bool asks_for_help(const std::string& word) {
  return word == "--help" || word == "-h" || word == "help";
}

std::unexpected<Error> unknown(std::string_view what, std::string_view word,
                               const std::vector<std::string>& known) {
  return fail(Errc::kUsage,
              fmt::format("there is no {} \"{}\"{}", what, word, did_you_mean(word, known)));
}

// The row that the first words name and how many words that took; without a row, what to say.
struct Found {
  const VerbRow* row = nullptr;
  size_t words = 0;
  bool wants_help = false;
  std::string text;
};

bool is_called(const VerbRow& row, std::string_view word) {
  return row.name == word || (!row.alias.empty() && row.alias == word);
}

Result<Found> find_verb(const std::vector<std::string>& words) {
  if (words.empty() || asks_for_help(words[0])) {
    std::vector<std::string> rest = words;
    std::erase_if(rest, asks_for_help);  // once or more means the same
    if (rest.empty()) return Found{.text = overview()};
    if (rest[0] == "exit-codes") return Found{.text = exit_code_help()};
    Found found = TRY(find_verb(rest));
    found.wants_help = true;
    return found;
  }
  std::vector<std::string> first_words = {"help"};
  std::vector<std::string> second_words;
  for (const VerbRow& row : verb_rows()) {
    first_words.emplace_back(row.noun.empty() ? row.name : row.noun);
    if (row.noun.empty() && is_called(row, words[0])) return Found{.row = &row, .words = 1};
    if (row.noun.empty() || row.noun != words[0]) continue;
    second_words.emplace_back(row.name);
    if (words.size() > 1 && is_called(row, words[1])) return Found{.row = &row, .words = 2};
  }
  if (second_words.empty()) return unknown("command", words[0], first_words);
  if (words.size() < 2 || asks_for_help(words[1])) return Found{.text = noun_help(words[0])};
  return unknown(fmt::format("{} verb", words[0]), words[1], second_words);
}

// What is wrong with words that no option takes.
Error describe_extras(const CLI::App& app) {
  const std::vector<std::string> extras = app.remaining();
  const std::string& word = extras.front();
  if (!word.starts_with('-')) {
    return {Errc::kUsage, fmt::format("\"{}\" is one word too many", word)};
  }
  std::vector<std::string> flags;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  const std::string flag = word.substr(0, word.find('='));
  return {Errc::kUsage, fmt::format("there is no flag {} here{}", flag, did_you_mean(flag, flags))};
}

}  // namespace

std::vector<FlagFacts> flags_of(const VerbRow& row) {
  CLI::App app;
  SharedFlags flags;
  CommonOptions common;
  OutputOptions output;
  const std::unique_ptr<Verb> verb = row.make();
  verb->declare(app);
  flags.declare(app, row.uses, common, output);
  std::vector<FlagFacts> facts;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional() || option->get_group().empty()) continue;
    const auto& shorts = option->get_snames();
    facts.push_back({.name = option->get_lnames().empty() ? "" : option->get_lnames().front(),
                     .letter = shorts.empty() ? "" : shorts.front(),
                     .summary = option->get_description(),
                     .takes_value = option->get_items_expected_max() > 0});
  }
  return facts;
}

std::string help_words(const std::vector<std::string>& words) {
  const auto found = find_verb(words);
  if (found && found->row) return usage_name(*found->row);
  for (const VerbRow& row : verb_rows()) {
    if (!words.empty() && !row.noun.empty() && row.noun == words[0]) return words[0];
  }
  return "";
}

Result<Command> parse_command_line(const std::vector<std::string>& words,
                                   const Environment& environment) {
  if (!words.empty() && words[0] == "--version")
    return parse_command_line({"version"}, environment);
  const Found found = TRY(find_verb(words));
  Command command;
  if (!found.row) {
    command.text = found.text;
    return command;
  }
  command.verb = found.row->make();
  command.common.bootstrap = environment.bootstrap.value_or(command.common.bootstrap);

  CLI::App app;
  app.formatter(std::make_shared<HelpPage>(*found.row));
  app.get_formatter()->label("OPTIONS", "flags");
  app.set_help_flag("-h,--help", "this page");
  SharedFlags flags;
  command.verb->declare(app);
  flags.declare(app, found.row->uses, command.common, command.output);
  std::vector<std::string> arguments(words.begin() + static_cast<std::ptrdiff_t>(found.words),
                                     words.end());
  if (found.wants_help) arguments = {"--help"};
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
  // CLI11 reports by exceptions; this is where they end.
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    command.verb.reset();
    command.text = app.help();
    return command;
  } catch (const CLI::ExtrasError&) {
    return fail(describe_extras(app));
  } catch (const CLI::ParseError& error) {
    return fail(Errc::kUsage, error.what());
  }
  TRY(flags.apply(environment, command.output));
  return command;
}

}  // namespace millrace::app
