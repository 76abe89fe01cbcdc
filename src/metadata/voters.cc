#include "metadata/voters.h"

#include <fmt/core.h>

#include "kafka/control_record.h"
#include "kafka/records/control/kraft_version.h"
#include "kafka/wire.h"

namespace millrace::metadata {
namespace {

using kafka::ControlRecordType;

constexpr int16_t kKRaftVersionMax = 1;

std::vector<Voter> owned_voters(const kafka::VotersRecord& record) {
  std::vector<Voter> voters;
  voters.reserve(record.voters.size());
  for (const auto& from : record.voters) {
    Voter& voter = voters.emplace_back();
    voter.key = {from.voter_id, from.voter_directory_id};
    voter.kraft_version = {from.kraft_version_feature.min_supported_version,
                           from.kraft_version_feature.max_supported_version};
    for (const auto& e : from.endpoints) {
      voter.endpoints.push_back({std::string(e.name), std::string(e.host), e.port, 0});
    }
  }
  return voters;
}

}  // namespace

Result<> replay_control(const kafka::RecordView& record, VoterSet& voters, Arena& arena) {
  const ControlRecordType type = TRY(kafka::parse_control_record_key(record));
  const bool is_version = type == ControlRecordType::kKRaftVersion;
  if (!is_version && type != ControlRecordType::kKRaftVoters) return {};
  if (!record.value) return fail(Errc::kCorruptMessage, "a control record has no value");
  kafka::Reader reader(*record.value);
  if (!is_version) {
    voters.voters = owned_voters(TRY(kafka::VotersRecord::decode(reader, 0, arena)));
    return {};
  }
  const auto version = TRY(kafka::KRaftVersionRecord::decode(reader, 0, arena));
  if (version.kraft_version > kKRaftVersionMax) {
    return fail(Errc::kUnsupportedVersion,
                fmt::format("the quorum is at kraft.version {}, and {} is the highest known",
                            version.kraft_version, kKRaftVersionMax));
  }
  voters.kraft_version = version.kraft_version;
  return {};
}

kafka::VotersRecord voters_record(const std::vector<Voter>& voters, Arena& arena) {
  using Record = kafka::VotersRecord;
  std::span<Record::Voter> to = arena.make_array<Record::Voter>(voters.size());
  for (size_t i = 0; i < voters.size(); ++i) {
    const Voter& voter = voters[i];
    std::span<Record::Endpoint> endpoints =
        arena.make_array<Record::Endpoint>(voter.endpoints.size());
    for (size_t e = 0; e < endpoints.size(); ++e) {
      endpoints[e] = {voter.endpoints[e].name, voter.endpoints[e].host, voter.endpoints[e].port};
    }
    to[i] = {.voter_id = voter.key.id,
             .voter_directory_id = voter.key.directory,
             .endpoints = endpoints,
             .kraft_version_feature = {voter.kraft_version.min, voter.kraft_version.max}};
  }
  return {.voters = to};
}

}  // namespace millrace::metadata
