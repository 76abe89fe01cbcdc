#include "app/command_line.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>

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
  return text + "\nmillrace COMMAND --help shows examples and flags.\n";
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

// CLI11's pages with the examples in front.
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
    for (const CLI::Option* option :
         app->get_options([](const CLI::Option* o) { return o->get_positional(); })) {
      positionals += fmt::format(" {}{}", upper(option->get_name(true)),
                                 option->get_items_expected_max() > 1 ? "..." : "");
    }
    return fmt::format("\nusage: millrace {}{} [flags]\n", usage_name(row_), positionals);
  }

 private:
  static std::string upper(std::string text) {
    for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return text;
  }
  const VerbRow& row_;
};

// The flags that mean the same everywhere.
struct CommonFlags {
  std::string format = "table";
  std::string color = "auto";
  std::string columns;
  bool no_headers = false;
  std::string int64 = "number";

  void declare(CLI::App& app, CommonOptions& common, OutputOptions& output) {
    const char* connection = "connection";
    app.add_option("-b,--bootstrap", common.bootstrap,
                   "brokers, HOST:PORT[,HOST:PORT] ($MILLRACE_BOOTSTRAP)")
        ->group(connection);
    app.add_option("--timeout", common.timeout_ms, "ms a request may take")
        ->group(connection)
        ->check(CLI::PositiveNumber);
    const char* shown = "output";
    app.add_option("-o,--output", format, "table, wide, json, ndjson, yaml, csv, name")
        ->group(shown);
    app.add_option("--columns", columns, "only these, comma separated")->group(shown);
    app.add_option("--sort", output.sort, "by this column; -COLUMN for descending")->group(shown);
    app.add_flag("--no-headers", no_headers, "")->group(shown);
    app.add_option("--json-int64", int64, "number, or string beyond 2^53")
        ->group(shown)
        ->check(CLI::IsMember({"number", "string"}));
    app.add_option("--color", color, "auto, always, never")
        ->group(shown)
        ->check(CLI::IsMember({"auto", "always", "never"}));
    app.add_flag("-y,--yes", common.assume_yes, "do what cannot be undone")->group("common");
    app.add_flag("-v,--verbose", common.verbosity, "more on stderr")->group("common");
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

// The row that the first words name, and how many words that took. Null with 0 words: help.
struct Found {
  const VerbRow* row = nullptr;
  size_t words = 0;
  std::string help;
};

Result<Found> find_verb(const std::vector<std::string>& words) {
  if (words.empty() || asks_for_help(words[0])) {
    std::vector<std::string> rest = words;
    std::erase_if(rest, asks_for_help);  // once or more means the same
    if (rest.empty()) return Found{.help = overview()};
    rest.push_back("--help");
    Found found = TRY(find_verb(rest));
    if (found.row) found.help = "verb";
    return found;
  }
  std::vector<std::string> first_words;
  std::vector<std::string> second_words;
  bool is_noun = false;
  for (const VerbRow& row : verb_rows()) {
    first_words.emplace_back(row.noun.empty() ? row.name : row.noun);
    if (row.noun.empty() &&
        (row.name == words[0] || (!row.alias.empty() && row.alias == words[0]))) {
      return Found{.row = &row, .words = 1, .help = {}};
    }
    if (row.noun.empty() || row.noun != words[0]) continue;
    is_noun = true;
    second_words.emplace_back(row.name);
    if (words.size() > 1 &&
        (row.name == words[1] || (!row.alias.empty() && row.alias == words[1]))) {
      return Found{.row = &row, .words = 2, .help = {}};
    }
  }
  if (!is_noun) return unknown("command", words[0], first_words);
  if (words.size() < 2 || asks_for_help(words[1])) return Found{.help = noun_help(words[0])};
  return unknown(fmt::format("{} verb", words[0]), words[1], second_words);
}

}  // namespace

Result<Command> parse_command_line(const std::vector<std::string>& words,
                                   const Environment& environment) {
  if (!words.empty() && words[0] == "--version")
    return parse_command_line({"version"}, environment);
  const Found found = TRY(find_verb(words));
  Command command;
  if (!found.row) {
    command.text = found.help;
    return command;
  }
  command.verb = found.row->make();
  command.common.bootstrap = environment.bootstrap.value_or(command.common.bootstrap);

  CLI::App app;
  app.formatter(std::make_shared<HelpPage>(*found.row));
  app.get_formatter()->label("OPTIONS", "flags");
  CommonFlags flags;
  command.verb->declare(app);
  flags.declare(app, command.common, command.output);
  std::vector<std::string> arguments(words.begin() + static_cast<std::ptrdiff_t>(found.words),
                                     words.end());
  if (found.help == "verb") arguments = {"--help"};
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
  // CLI11 reports by exceptions; this is where they end.
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    command.verb.reset();
    command.text = app.help();
    return command;
  } catch (const CLI::ParseError& error) {
    return fail(Errc::kUsage, fmt::format("{}; millrace {} --help shows how", error.what(),
                                          usage_name(*found.row)));
  }
  TRY(flags.apply(environment, command.output));
  return command;
}

}  // namespace millrace::app
