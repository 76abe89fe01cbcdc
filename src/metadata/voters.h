// VoterSet: who may vote in the quorum of the metadata log, as the log itself says (KIP-853): since
// kraft.version 1 by control records in it, before that by nobody but the servers' settings.
// Not for elections: there is one voter yet (broker/quorum.h).
#pragma once

#include <cstdint>
#include <vector>

#include "base/arena.h"
#include "base/result.h"
#include "kafka/record.h"
#include "kafka/records/control/voters.h"
#include "metadata/entities.h"
#include "metadata/quorum_batch.h"

namespace millrace::metadata {

struct Voter {
  VoterKey key;
  std::vector<Endpoint> endpoints;  ///< without security protocols
  FeatureRange kraft_version;
  friend bool operator==(const Voter& a, const Voter& b) {
    return a.key.id == b.key.id && a.key.directory == b.key.directory &&
           a.endpoints == b.endpoints && a.kraft_version == b.kraft_version;
  }
};

struct VoterSet {
  int16_t kraft_version = 0;
  std::vector<Voter> voters;  ///< only with kraft_version 1
  friend bool operator==(const VoterSet&, const VoterSet&) = default;
};

/// Takes over what a control record says of the quorum; those about anything else change nothing.
/// Errors: kCorruptMessage; kUnsupportedVersion for a kraft.version that is not known here.
Result<> replay_control(const kafka::RecordView& record, VoterSet& voters, Arena& arena);

/// As a record says it.
kafka::VotersRecord voters_record(const std::vector<Voter>& voters, Arena& arena);

}  // namespace millrace::metadata
