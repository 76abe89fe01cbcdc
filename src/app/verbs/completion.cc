#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <map>
#include <set>

#include "app/verbs.h"

namespace millrace::app {
namespace {

// What may follow `millrace` and what may follow each noun; all three shells are made from it.
struct Words {
  std::vector<std::pair<std::string, std::string>> first;  // word, summary
  std::map<std::string, std::vector<std::pair<std::string, std::string>>> after;
};

Words all_words() {
  Words words;
  std::set<std::string_view> nouns;
  for (const VerbRow& row : verb_rows()) {
    if (row.noun.empty()) {
      words.first.emplace_back(row.name, row.summary);
      continue;
    }
    if (nouns.insert(row.noun).second) words.first.emplace_back(row.noun, noun_summary(row.noun));
    words.after[std::string(row.noun)].emplace_back(row.name, row.summary);
  }
  return words;
}

std::string join(const std::vector<std::pair<std::string, std::string>>& words) {
  std::string text;
  for (const auto& [word, summary] : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// Names of topics and groups are asked for when the shell needs them, for at most 300 ms.
constexpr std::string_view kNames = "millrace {} list -o name --timeout 300 2>/dev/null";

std::string bash(const Words& words) {
  std::string cases;
  for (const auto& [noun, verbs] : words.after) {
    cases += fmt::format("    {}) COMPREPLY=($(compgen -W \"{}\" -- \"$word\")); return;;\n", noun,
                         join(verbs));
  }
  return fmt::format(R"sh(_millrace() {{
  local word=${{COMP_WORDS[COMP_CWORD]}}
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "{}" -- "$word")); return
  fi
  if [ "$COMP_CWORD" -eq 2 ]; then
    case ${{COMP_WORDS[1]}} in
{}    esac
  fi
  case ${{COMP_WORDS[1]}} in
    group) COMPREPLY=($(compgen -W "$({})" -- "$word"));;
    topic|produce|consume) COMPREPLY=($(compgen -W "$({})" -- "$word"));;
  esac
}}
complete -F _millrace millrace
)sh",
                     join(words.first), cases, fmt::format(fmt::runtime(kNames), "group"),
                     fmt::format(fmt::runtime(kNames), "topic"));
}

std::string zsh(const Words& words) {
  const auto described = [](const auto& list) {
    std::string text;
    for (const auto& [word, summary] : list) text += fmt::format(" '{}:{}'", word, summary);
    return text;
  };
  std::string cases;
  for (const auto& [noun, verbs] : words.after) {
    cases += fmt::format("      {}) words=({}); _describe verb words; return;;\n", noun,
                         described(verbs));
  }
  return fmt::format(R"sh(#compdef millrace
_millrace() {{
  local -a words
  if (( CURRENT == 2 )); then
    words=({}); _describe command words; return
  fi
  if (( CURRENT == 3 )); then
    case $words[2] in
{}    esac
  fi
}}
compdef _millrace millrace
)sh",
                     described(words.first), cases);
}

std::string fish(const Words& words) {
  std::string text = "complete -c millrace -f\n";
  for (const auto& [word, summary] : words.first) {
    text +=
        fmt::format("complete -c millrace -n __fish_use_subcommand -a {} -d '{}'\n", word, summary);
  }
  for (const auto& [noun, verbs] : words.after) {
    for (const auto& [verb, summary] : verbs) {
      text +=
          fmt::format("complete -c millrace -n '__fish_seen_subcommand_from {}' -a {} -d '{}'\n",
                      noun, verb, summary);
    }
  }
  return text;
}

class Completion : public Verb {
 public:
  void declare(CLI::App& app) override {
    app.add_option("shell", shell_, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  }

  runtime::Task<> run(Session* session) override {
    const Words words = all_words();
    session->out().raw(shell_ == "bash" ? bash(words) : shell_ == "zsh" ? zsh(words) : fish(words));
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
