// What one chapter of a long run leaves for the next: a history that is as long as what the server
// still holds, and not as long as the run. Requires that the chapter ended well: its checkers found
// nothing, and its final logs are whole.
#pragma once

#include "tests/simulation/history.h"

namespace millrace::scenario {

/// What was in the final logs was acknowledged, by having been read; what groups had committed then
/// they have committed; what was asked to be gone stays gone. Whatever was still open has no effect
/// any more.
History fold(const History& chapter, MonoTime now);

}  // namespace millrace::scenario
