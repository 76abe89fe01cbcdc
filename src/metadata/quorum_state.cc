#include "metadata/quorum_state.h"

#include <fmt/core.h>
#include <simdjson.h>

#include "base/check.h"

namespace millrace::metadata {
namespace {

namespace json = simdjson::dom;

constexpr int64_t kDataVersionMax = 1;
constexpr size_t kBytesMax = 1 << 20;

std::unexpected<Error> damaged(std::string_view why) {
  return fail(Errc::kCorruptFile, fmt::format("quorum-state: {}", why));
}

Result<int32_t> int32_field(const json::object& object, std::string_view name) {
  int64_t value = 0;
  if (object[name].get(value) != simdjson::SUCCESS || value < INT32_MIN || value > INT32_MAX) {
    return damaged(fmt::format("{} is missing or no 32-bit number", name));
  }
  return static_cast<int32_t>(value);
}

Result<std::vector<BrokerId>> voters_field(const json::object& object) {
  std::vector<BrokerId> voters;
  json::array array;
  if (object["currentVoters"].get(array) != simdjson::SUCCESS) return voters;  // null or left out
  for (const json::element element : array) {
    json::object voter;
    if (element.get(voter) != simdjson::SUCCESS) return damaged("a voter is no object");
    voters.push_back(BrokerId(TRY(int32_field(voter, "voterId"))));
  }
  return voters;
}

}  // namespace

std::string format_quorum_state(const QuorumState& state) {
  CHECK(state.data_version == 0 || state.data_version == 1);
  if (state.data_version == 1) {
    return fmt::format(
        R"({{"leaderId":{},"leaderEpoch":{},"votedId":{},"votedDirectoryId":"{}","data_version":1}})",
        state.leader.value, state.leader_epoch.value, state.voted.value,
        state.voted_directory.to_string());
  }
  std::string voters;
  for (const BrokerId voter : state.voters) {
    voters += fmt::format(R"({}{{"voterId":{}}})", voters.empty() ? "" : ",", voter.value);
  }
  return fmt::format(R"({{"clusterId":"","leaderId":{},"leaderEpoch":{},"votedId":{},)"
                     R"("appliedOffset":0,"currentVoters":[{}],"data_version":0}})",
                     state.leader.value, state.leader_epoch.value, state.voted.value, voters);
}

Result<QuorumState> parse_quorum_state(std::string_view text) {
  if (text.size() > kBytesMax) return damaged("it is larger than 1 MiB");
  json::parser parser;
  json::element root;
  json::object object;
  if (parser.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS ||
      root.get(object) != simdjson::SUCCESS) {
    return damaged("it is no JSON object");
  }
  const int32_t data_version = TRY(int32_field(object, "data_version"));
  if (data_version > kDataVersionMax) {
    return fail(Errc::kNewerFormat,
                fmt::format("quorum-state has data version {}, known are 0 to {}", data_version,
                            kDataVersionMax));
  }
  if (data_version < 0) return damaged("its data version is negative");
  QuorumState state{.data_version = static_cast<int16_t>(data_version),
                    .leader = BrokerId(TRY(int32_field(object, "leaderId"))),
                    .leader_epoch = LeaderEpoch(TRY(int32_field(object, "leaderEpoch"))),
                    .voted = BrokerId(TRY(int32_field(object, "votedId")))};
  if (state.leader_epoch < LeaderEpoch(0)) return damaged("its leader epoch is negative");
  if (data_version == 0) {
    state.voters = TRY(voters_field(object));
    return state;
  }
  std::string_view directory;
  if (object["votedDirectoryId"].get(directory) == simdjson::SUCCESS) {
    const Result<Uuid> id = Uuid::parse(directory);
    if (!id) return damaged("votedDirectoryId is no id");
    state.voted_directory = *id;
  }
  return state;
}

}  // namespace millrace::metadata
