// DescribeGroups and ListGroups: what there is, for people and tools.
#include <fmt/format.h>
#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "group/records.h"
#include "group/reply.h"
#include "group/requests.h"

namespace millrace::group {
namespace {

using Described = kafka::DescribeGroupsResponse::Group;
using Listed = kafka::ListGroupsResponse::Group;

constexpr int16_t kFirstVersionThatNamesMissingGroups = 6;  // KIP-1043

Described missing(Shard& shard, std::string_view group_id, int16_t version) {
  Arena& memory = shard.out.memory();
  Described described = {.group_id = memory.copy(group_id), .group_state = kDeadStateName};
  if (version < kFirstVersionThatNamesMissingGroups) return described;
  const ForeignGroup* other = shard.foreign.find(group_id);
  described.error_code = code(Errc::kGroupIdNotFound);
  described.error_message =
      memory.copy(other ? fmt::format("Group {} is not a classic group: it is of type {}.",
                                      group_id, name(other->kind))
                        : fmt::format("Group {} not found.", group_id));
  return described;
}

/// Metadata is for the protocol in force, so only a Stable group shows it.
Described describe_one(const Group& group, Arena& memory) {
  const bool is_stable = group.is(GroupState::kStable);
  Described described = {.group_id = memory.copy(group.id()),
                         .group_state = name(group.state()),
                         .protocol_type = copy(group.protocol_type(), memory).value_or("")};
  if (is_stable) described.protocol_data = memory.copy(*group.protocol_name());
  described.members = memory.make_array<kafka::DescribeGroupsResponse::Member>(group.size());
  size_t filled = 0;
  for (const auto& [id, member] : group.members()) {
    described.members[filled] = {.member_id = memory.copy(id),
                                 .group_instance_id = copy(member.group_instance_id, memory),
                                 .client_id = memory.copy(member.client_id),
                                 .client_host = memory.copy(member.client_host),
                                 .member_assignment = memory.copy(as_bytes(member.assignment))};
    if (is_stable) {
      const Protocol* chosen = member.find(*group.protocol_name());
      described.members[filled].member_metadata = memory.copy(as_bytes(chosen->metadata));
    }
    ++filled;
  }
  return described;
}

std::string lower_case(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == text.npos) return {};
  std::string lower(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower;
}

/// Empty lets everything pass; case and blanks around do not count.
class Filter {
 public:
  explicit Filter(std::span<std::string_view> wanted) {
    for (const std::string_view word : wanted) wanted_.push_back(lower_case(word));
  }
  bool passes(std::string_view word) const {
    return wanted_.empty() || std::ranges::find(wanted_, lower_case(word)) != wanted_.end();
  }

 private:
  std::vector<std::string> wanted_;
};

}  // namespace

void describe(Shard& shard, const RequestContext& context,
              const kafka::DescribeGroupsRequest& request) {
  Arena& memory = shard.out.memory();
  const auto groups = memory.make_array<Described>(request.groups.size());
  for (size_t g = 0; g < groups.size(); ++g) {
    const Group* group = shard.find(request.groups[g]);
    groups[g] =
        group ? describe_one(*group, memory) : missing(shard, request.groups[g], context.version);
  }
  shard.out.reply(context.token, kafka::DescribeGroupsResponse{.groups = groups});
}

void list(Shard& shard, const RequestContext& context, const kafka::ListGroupsRequest& request) {
  const Filter states(request.states_filter);
  const Filter types(request.types_filter);
  Arena& memory = shard.out.memory();
  std::vector<Listed> listed;
  for (const auto& [id, group] : shard.groups) {
    if (shard.foreign.find(id)) continue;  // listed below
    if (!states.passes(name(group.state())) || !types.passes(kClassicKindName)) continue;
    listed.push_back({.group_id = memory.copy(id),
                      .protocol_type = copy(group.protocol_type(), memory).value_or(""),
                      .group_state = name(group.state()),
                      .group_type = kClassicKindName});
  }
  for (const auto& [id, other] : shard.foreign.all()) {
    if (!states.passes(other.state_name()) || !types.passes(name(other.kind))) continue;
    listed.push_back({.group_id = memory.copy(id),
                      .protocol_type = protocol_type(other.kind),
                      .group_state = other.state_name(),
                      .group_type = name(other.kind)});
  }
  shard.out.reply(context.token, kafka::ListGroupsResponse{.groups = memory.copy_array(listed)});
}

}  // namespace millrace::group
