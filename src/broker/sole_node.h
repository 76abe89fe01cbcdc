// Whether a cluster, as its data directory tells it, can be run by this process alone with this
// directory alone. One that was part of more is refused before anything in it is changed: half of a
// cluster would seem to have lost what lies elsewhere.
#pragma once

#include <optional>

#include "base/ids.h"
#include "base/result.h"
#include "log/meta_properties.h"
#include "metadata/image.h"
#include "metadata/quorum_state.h"
#include "metadata/voters.h"

namespace millrace::broker {

/// The members of the quorum, as its state file and its log say.
/// Errors: kForeignDirectory when they are others than this node, in this directory.
Result<> check_sole_voter(const std::optional<metadata::QuorumState>& state,
                          const metadata::VoterSet& quorum, const log::MetaProperties& own);

/// Where the partitions lie.
/// Errors: kForeignDirectory when other brokers are registered, or other directories of this one
/// hold partitions.
Result<> check_sole_directory(const metadata::Image& image, const log::MetaProperties& own);

}  // namespace millrace::broker
