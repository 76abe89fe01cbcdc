// Finding: something in a stopped data directory that is not as it ought to be. Found by
// directory_check.h; what a running log meets is damage.h.
#pragma once

#include <cstdint>
#include <string>

namespace millrace::log {

enum class Harm : uint8_t {
  kRecords,  ///< records, or what nothing else tells, are missing or unreadable
  kDerived,  ///< what the records tell as well, and can be written anew from them
  kNone,     ///< nothing is lost; the next start deals with it, or a person may
};

struct Finding {
  Harm harm = Harm::kNone;
  std::string where;   ///< a file or directory, as a path below the data directory
  std::string what;    ///< a sentence without a full stop
  std::string remedy;  ///< what to do about it; empty for kDerived, which has one remedy: repair
  bool repaired = false;
};

}  // namespace millrace::log
