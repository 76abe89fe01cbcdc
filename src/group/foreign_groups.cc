#include "group/foreign_groups.h"

namespace millrace::group {

void ForeignGroups::apply(const ForeignRecord& record) {
  auto at = groups_.find(record.group_id);
  if (at == groups_.end()) {
    // A group begins with one of these two; what else is left over after its end says nothing.
    if (record.is_tombstone || record.about == ForeignRecord::About::kOther) return;
    at = groups_.emplace(record.group_id, ForeignGroup{.kind = record.kind}).first;
  }
  ForeignGroup& group = at->second;
  group.kind = record.kind;
  if (record.about == ForeignRecord::About::kGroup) group.has_metadata = !record.is_tombstone;
  if (record.about == ForeignRecord::About::kMember) {
    if (record.is_tombstone) {
      group.members.erase(std::string(record.member_id));
    } else {
      group.members.emplace(record.member_id);
    }
  }
  if (!group.has_metadata && group.members.empty()) groups_.erase(at);
}

const ForeignGroup* ForeignGroups::find(std::string_view group_id) const {
  const auto found = groups_.find(group_id);
  return found == groups_.end() ? nullptr : &found->second;
}

}  // namespace millrace::group
