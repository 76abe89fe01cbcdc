// Verb: one thing a person can ask for: `millrace topic list`. One file each under verbs/, one row
// each in verbs.def; parsing, help and completion are derived from the rows.
#pragma once

#include <cstdint>
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
  /// How long after that it is cancelled all the same. What a verb has to bring to an end may take
  /// any time.
  virtual Duration stop_limit() const { return seconds(24 * 3600); }
};

/// Which of the shared flags a verb takes: only what does something there.
enum class Uses : uint8_t {
  kNothing = 0,
  kCluster = 1,   ///< --bootstrap, --timeout
  kRows = 2,      ///< -o and all that shapes a table
  kObject = 4,    ///< -o for one object
  kRecords = 8,   ///< -o for a stream of records
  kConfirm = 16,  ///< --yes
  kTalk = 32,     ///< --verbose
};
constexpr Uses operator|(Uses a, Uses b) {
  return static_cast<Uses>(static_cast<uint8_t>(a) | static_cast<uint8_t>(b));
}
constexpr bool any_of(Uses all, Uses wanted) {
  return (static_cast<uint8_t>(all) & static_cast<uint8_t>(wanted)) != 0;
}

struct VerbRow {
  std::string_view noun;   ///< "topic"; empty for a verb of its own
  std::string_view name;   ///< "list"
  std::string_view alias;  ///< "ls", or empty
  Uses uses;
  std::string_view summary;   ///< one line, lower case, no full stop
  std::string_view examples;  ///< lines; the first thing that help shows
  std::unique_ptr<Verb> (*make)();
};

/// In the order in which help shows them.
std::span<const VerbRow> verb_rows();

/// The sentence for a noun.
std::string_view noun_summary(std::string_view noun);

}  // namespace millrace::app
