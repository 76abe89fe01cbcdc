// Verb: one thing a person can ask for: `millrace topic list`. One file each under verbs/, one row
// each in verbs.cc; parsing, help and completion are derived from the rows.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "app/session.h"
#include "runtime/task.h"

namespace CLI {
class App;
}

namespace millrace::app {

class Verb {
 public:
  virtual ~Verb() = default;
  /// Adds this verb's names and flags; they land in members.
  virtual void declare(CLI::App& app) = 0;
  /// An error becomes the message on stderr and the exit code.
  virtual runtime::Task<> run(Session* session) = 0;
  /// Whether run() looks at session->stopping(); others are cancelled by the first Ctrl-C.
  virtual bool stops_itself() const { return false; }
};

struct VerbRow {
  std::string_view noun;      ///< "topic"; empty for a verb of its own
  std::string_view name;      ///< "list"
  std::string_view alias;     ///< "ls", or empty
  std::string_view summary;   ///< one line, lower case, no full stop
  std::string_view examples;  ///< lines; the first thing that help shows
  std::unique_ptr<Verb> (*make)();
};

/// In the order in which help shows them.
std::span<const VerbRow> verb_rows();

/// The sentence for a noun.
std::string_view noun_summary(std::string_view noun);

}  // namespace millrace::app
