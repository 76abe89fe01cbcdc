// The scenario `journal`: producers and readers of one JournalServer. See journal_server.h.
#pragma once

#include "tests/simulation/scenario.h"

namespace millrace::scenario {

Scenario journal_scenario();

}  // namespace millrace::scenario
