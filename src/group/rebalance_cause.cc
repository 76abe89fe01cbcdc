#include "group/rebalance_cause.h"

#include <fmt/format.h>

namespace millrace::group {
namespace {

using Trigger = RebalanceCause::Trigger;

struct Words {
  std::string_view name;
  std::string_view predicate;  // follows the member; empty where the sentence is not about one
};

Words words(Trigger trigger) {
  switch (trigger) {
    case Trigger::kNone:
      return {"none", ""};
    case Trigger::kMemberJoined:
      return {"member-joined", "joined"};
    case Trigger::kMemberChanged:
      return {"member-changed", "came back with other protocols or another subscription"};
    case Trigger::kLeaderRejoined:
      return {"leader-rejoined", "leads the group and asked for a rebalance"};
    case Trigger::kMemberReplaced:
      return {"member-replaced", "took the place of the static member of the same name"};
    case Trigger::kMemberLeft:
      return {"member-left", "left"};
    case Trigger::kSessionExpired:
      return {"session-expired", "was not heard of for its session timeout"};
    case Trigger::kSyncMissing:
      return {"sync-missing", "joined and did not ask for its assignment in time"};
    case Trigger::kGroupTooLarge:
      return {"group-too-large", ""};
    case Trigger::kAssignmentTooLarge:
      return {"assignment-too-large", "leads the group and sent more than fits into a record"};
  }
  return {};
}

}  // namespace

std::string_view name(Trigger trigger) {
  return words(trigger).name;
}

std::string RebalanceCause::sentence() const {
  if (trigger == Trigger::kNone) return "no rebalance since this broker loaded the group";
  if (trigger == Trigger::kGroupTooLarge) return "the group was loaded with too many members";
  std::string text = fmt::format("member {}", member_id);
  if (!group_instance_id.empty()) text += fmt::format(", static as {},", group_instance_id);
  text += fmt::format(" (client {} at {}) {}", client_id, client_host, words(trigger).predicate);
  if (!client_reason.empty()) text += fmt::format(": {}", client_reason);
  return text;
}

}  // namespace millrace::group
