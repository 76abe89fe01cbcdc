// Topics that come into being because somebody wants them: the coordinators' own, and, where
// auto.create.topics.enable says so, any that a client asks for. What they are made like, and that
// they are there when the answer leaves.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "broker/node.h"
#include "runtime/task.h"

namespace millrace::broker {

/// Creates topics with the broker's defaults, and waits until they can be used. One that exists
/// already is fine; why another could not be created is for the next look at the metadata to tell.
/// Errors: those of the metadata log.
runtime::Task<> auto_create_topics(Node* node, std::vector<std::string> names);

/// Sees to it that a coordinator's topic exists. Its replication factor is what its setting says,
/// but no more than there are brokers. Errors: what the controller refuses it for; those of the
/// metadata log.
runtime::Task<> ensure_internal_topic(Node* node, std::string_view name);

}  // namespace millrace::broker
