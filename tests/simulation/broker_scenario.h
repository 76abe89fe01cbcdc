// The scenario `broker`: a whole broker and our own clients: producers, readers, consumer groups
// and an operator, under every fault there is. What runs where is in broker_node.h,
// producing_client.h, reading_client.h, group_member.h and operating_client.h.
#pragma once

#include "tests/simulation/scenario.h"

namespace millrace::scenario {

Scenario broker_scenario();

}  // namespace millrace::scenario
