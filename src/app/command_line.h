// Command line: words in, a verb with its options out; and every help page. Nothing is run here.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/output.h"
#include "app/session.h"
#include "app/verb.h"

namespace millrace::app {

/// What the environment says; read once, in main().
struct Environment {
  std::optional<std::string> bootstrap;  ///< MILLRACE_BOOTSTRAP
  bool no_color = false;                 ///< NO_COLOR set, or TERM=dumb
  bool force_color = false;              ///< CLICOLOR_FORCE
  bool output_is_terminal = false;
};

struct Command {
  std::unique_ptr<Verb> verb;  ///< null: `text` is all there is to say
  CommonOptions common;
  OutputOptions output;
  std::string text;  ///< help
};

/// A flag of a verb, for the completion scripts.
struct FlagFacts {
  std::string name;    ///< without --
  std::string letter;  ///< without -, or empty
  std::string summary;
  bool takes_value;
};
std::vector<FlagFacts> flags_of(const VerbRow& row);

/// The words whose `--help` tells about a command line: "topic create", "topic" or none.
std::string help_words(const std::vector<std::string>& words);

/// Errors: kUsage: what is wrong, with the nearest verb or flag where one is near.
Result<Command> parse_command_line(const std::vector<std::string>& words,
                                   const Environment& environment);

}  // namespace millrace::app
