// Groups of the other kinds (KIP-848 consumer, KIP-932 share, KIP-1071 streams) whose records lie
// in the same log, written by another coordinator. They cannot be served here; they are known, so
// that nobody makes a classic group of the same name and their records stay as they are.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "group/records.h"

namespace millrace::group {

struct ForeignGroup {
  GroupKind kind = GroupKind::kConsumer;
  bool has_metadata = false;
  std::set<std::string, std::less<>> members;

  /// "Empty", or "Unknown": its finer states are in records that are not read here.
  std::string_view state_name() const { return members.empty() ? "Empty" : "Unknown"; }
};

class ForeignGroups {
 public:
  using Map = std::map<std::string, ForeignGroup, std::less<>>;

  void apply(const ForeignRecord& record);
  /// Null when the name is free or a classic group's.
  const ForeignGroup* find(std::string_view group_id) const;
  const Map& all() const { return groups_; }

 private:
  Map groups_;
};

}  // namespace millrace::group
