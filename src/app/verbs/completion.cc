#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "app/command_line.h"
#include "app/option_checks.h"
#include "app/verbs.h"
#include "base/settings.h"

// Every script asks the same three questions of tables that are written into it: which words may
// come next, which flags the verb has, and what its arguments are.
namespace millrace::app {
namespace {

constexpr std::string_view kFormats = "table wide json ndjson yaml csv name";

// Names of topics and groups are asked for when the shell needs them, for at most 300 ms.
constexpr std::string_view kTopics = "millrace topic list -o name --timeout 300 2>/dev/null";
constexpr std::string_view kGroups = "millrace group list -o name --timeout 300 2>/dev/null";

std::string words_of(const VerbRow& row) {
  return row.noun.empty() ? std::string(row.name) : fmt::format("{} {}", row.noun, row.name);
}

// Inside single quotes of any of the shells.
std::string quoted(std::string_view text, bool is_fish) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += is_fish ? "\\'" : "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

// "word  summary" of what may follow `millrace`, and of what may follow a noun.
using Described = std::vector<std::pair<std::string, std::string>>;

Described first_words() {
  Described words;
  for (const VerbRow& row : verb_rows()) {
    const std::string word(row.noun.empty() ? row.name : row.noun);
    if (!words.empty() && words.back().first == word) continue;
    words.emplace_back(word, row.noun.empty() ? row.summary : noun_summary(row.noun));
  }
  words.emplace_back("help", "about a command, or exit-codes");
  return words;
}

std::vector<std::string> nouns() {
  std::vector<std::string> found;
  for (const VerbRow& row : verb_rows()) {
    if (!row.noun.empty() && (found.empty() || found.back() != row.noun)) {
      found.emplace_back(row.noun);
    }
  }
  return found;
}

Described verbs_of(std::string_view noun) {
  Described words;
  for (const VerbRow& row : verb_rows()) {
    if (row.noun == noun) words.emplace_back(row.name, row.summary);
  }
  return words;
}

std::string joined(const Described& words) {
  std::string text;
  for (const auto& [word, summary] : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// Settings and errors that `explain` knows.
std::string explainable() {
  std::string text;
  for (const SettingInfo& row : setting_rows()) {
    if (row.is_listed()) text += fmt::format("{} ", row.name);
  }
  for (size_t i = 0; i < error_count(); ++i) {
    const ErrorInfo& row = error_info(static_cast<Errc>(i));
    if (!row.kafka_name.empty()) text += fmt::format("{} ", row.kafka_name);
  }
  text.pop_back();
  return text;
}

// A shell command that prints what a verb's argument may be; "files" for names of files, empty for
// what cannot be known (the name of a topic that is yet to be made).
std::string argument_source(const VerbRow& row) {
  const std::string verb = words_of(row);
  if (verb == "topic create") return "";
  if (row.noun == "topic" || verb == "produce" || verb == "consume") return std::string(kTopics);
  if (row.noun == "group") return std::string(kGroups);
  if (row.noun == "config") {
    return fmt::format("{} | sed s:^:topic/:; {} | sed s:^:group/:; echo broker", kTopics, kGroups);
  }
  if (verb == "log dump") return "files";
  if (verb == "explain") return "printf \"%s\\n\" " + explainable();
  if (verb == "completion") return "printf \"%s\\n\" bash zsh fish";
  return "";
}

std::string flag_words(const VerbRow& row) {
  std::string text;
  for (const FlagFacts& flag : flags_of(row)) text += fmt::format("--{} ", flag.name);
  text.pop_back();
  return text;
}

std::string bash() {
  std::string after_noun;
  for (const std::string& noun : nouns()) {
    after_noun += fmt::format("      {}) words=\"{}\";;\n", noun, joined(verbs_of(noun)));
  }
  std::string by_verb;
  for (const VerbRow& row : verb_rows()) {
    const std::string source = argument_source(row);
    by_verb += fmt::format("    '{}'*) flags=\"{}\"", words_of(row), flag_words(row));
    if (source == "files") {
      by_verb += "; files=yes";
    } else if (!source.empty()) {
      by_verb += fmt::format("; [[ $word != -* ]] && words=$({})", source);
    }
    by_verb += ";;\n";
  }
  return fmt::format(R"sh(_millrace() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}}
  local words="" flags="" files=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "{}" -- "$word")); return
  fi
  if [ "$COMP_CWORD" -eq 2 ]; then
    case ${{COMP_WORDS[1]}} in
      help) words="exit-codes {}";;
{}    esac
    if [ -n "$words" ]; then COMPREPLY=($(compgen -W "$words" -- "$word")); return; fi
  fi
  case $before in
    -o|--output) COMPREPLY=($(compgen -W "{}" -- "$word")); return;;
    -c|--config|-d|--data|--ready-file) COMPREPLY=($(compgen -f -- "$word")); return;;
    -g|--group) COMPREPLY=($(compgen -W "$({})" -- "$word")); return;;
  esac
  case "${{COMP_WORDS[*]:1}} " in
{}  esac
  if [ -n "$files" ] && [[ $word != -* ]]; then
    COMPREPLY=($(compgen -f -- "$word"))
  else
    COMPREPLY=($(compgen -W "$words $flags" -- "$word"))
  fi
}}
complete -o filenames -F _millrace millrace
)sh",
                     joined(first_words()), joined(first_words()), after_noun, kFormats, kGroups,
                     by_verb);
}

std::string zsh() {
  const auto described = [](const Described& list) {
    std::string text;
    for (const auto& [word, summary] : list) {
      text += " " + quoted(fmt::format("{}:{}", word, summary), false);
    }
    return text;
  };
  std::string after_noun;
  for (const std::string& noun : nouns()) {
    after_noun += fmt::format("      {}) list=({}); _describe verb list; return;;\n", noun,
                              described(verbs_of(noun)));
  }
  std::string by_verb;
  for (const VerbRow& row : verb_rows()) {
    Described flags;
    for (const FlagFacts& flag : flags_of(row)) flags.emplace_back("--" + flag.name, flag.summary);
    by_verb += fmt::format("    {}*) list=({})", quoted(words_of(row), false), described(flags));
    const std::string source = argument_source(row);
    if (source == "files") {
      by_verb += "; _files";
    } else if (!source.empty()) {
      by_verb += fmt::format("; [[ $PREFIX == -* ]] || compadd -- ${{(f)\"$({})\"}}", source);
    }
    by_verb += ";;\n";
  }
  return fmt::format(R"sh(#compdef millrace
_millrace() {{
  local -a list
  if (( CURRENT == 2 )); then
    list=({}); _describe command list; return
  fi
  if (( CURRENT == 3 )); then
    case $words[2] in
      help) compadd -- exit-codes {}; return;;
{}    esac
  fi
  case $words[CURRENT-1] in
    -o|--output) compadd -- {}; return;;
    -c|--config|-d|--data|--ready-file) _files; return;;
    -g|--group) compadd -- ${{(f)"$({})"}}; return;;
  esac
  case "${{words[2,-1]}} " in
{}  esac
  [[ $PREFIX == -* ]] && _describe flag list
}}
compdef _millrace millrace
)sh",
                     described(first_words()), joined(first_words()), after_noun, kFormats, kGroups,
                     by_verb);
}

std::string fish() {
  std::string text = "complete -c millrace -f\n";
  for (const auto& [word, summary] : first_words()) {
    text += fmt::format("complete -c millrace -n __fish_use_subcommand -a {} -d {}\n", word,
                        quoted(summary, true));
  }
  text +=
      fmt::format("complete -c millrace -n '__fish_seen_subcommand_from help' -a 'exit-codes {}'\n",
                  joined(first_words()));
  for (const std::string& noun : nouns()) {
    const Described verbs = verbs_of(noun);
    for (const auto& [verb, summary] : verbs) {
      text += fmt::format(
          "complete -c millrace -n '__fish_seen_subcommand_from {}; and not "
          "__fish_seen_subcommand_from {}' -a {} -d {}\n",
          noun, joined(verbs), verb, quoted(summary, true));
    }
  }
  for (const VerbRow& row : verb_rows()) {
    std::string when = fmt::format("__fish_seen_subcommand_from {}", row.name);
    if (!row.noun.empty())
      when = fmt::format("__fish_seen_subcommand_from {}; and {}", row.noun, when);
    for (const FlagFacts& flag : flags_of(row)) {
      const std::string letter = flag.letter.empty() ? "" : fmt::format(" -s {}", flag.letter);
      const std::string values = flag.name == "output"  ? fmt::format(" -x -a '{}'", kFormats)
                                 : flag.name == "group" ? fmt::format(" -x -a '({})'", kGroups)
                                 : flag.takes_value     ? " -r"
                                                        : "";
      text += fmt::format("complete -c millrace -n '{}' -l {}{}{} -d {}\n", when, flag.name, letter,
                          values, quoted(flag.summary, true));
    }
    const std::string source = argument_source(row);
    if (source == "files") {
      text += fmt::format("complete -c millrace -n '{}' -F\n", when);
    } else if (!source.empty()) {
      text += fmt::format("complete -c millrace -n '{}' -a '({})'\n", when, source);
    }
  }
  return text;
}

class Completion : public Verb {
 public:
  void declare(CLI::App& app) override {
    app.add_option("shell", shell_, "bash, zsh or fish")
        ->required()
        ->check(one_of({"bash", "zsh", "fish"}));
  }

  runtime::Task<> run(Session* session) override {
    session->out().raw(shell_ == "bash" ? bash() : shell_ == "zsh" ? zsh() : fish());
    co_return;
  }

 private:
  std::string shell_;
};

}  // namespace

std::unique_ptr<Verb> make_completion() {
  return std::make_unique<Completion>();
}

}  // namespace millrace::app
