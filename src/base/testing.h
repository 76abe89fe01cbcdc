// doctest for our unit tests. Include it last: from here on CHECK is doctest's, which reports and
// goes on, and no longer ours, which ends the process.
#pragma once

#include "base/check.h"

#undef CHECK
#include <doctest/doctest.h>  // IWYU pragma: export
