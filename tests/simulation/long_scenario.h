// The scenario `long-life`: one broker for hours, in chapters of minutes: it is left to itself,
// with all that goes wrong meanwhile; then clients come and use it; then all is calm, everything is
// read and judged, and the next chapter begins with other faults. Bounds are looked at after each:
// what the server holds must not grow with its age.
#pragma once

#include "tests/simulation/scenario.h"

namespace millrace::scenario {

Scenario long_scenario();

}  // namespace millrace::scenario
