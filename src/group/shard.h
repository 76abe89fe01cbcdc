// All that one shard knows, for the files that serve its requests. Not for hosts: their door is
// coordinator.h.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/random.h"
#include "group/config.h"
#include "group/foreign_groups.h"
#include "group/group.h"
#include "group/outbox.h"
#include "group/timers.h"

namespace millrace::group {

struct Shard {
  using Groups = std::map<std::string, Group, std::less<>>;

  Shard(const Config& settings, Random source);

  Config config;
  Random random;
  Timers timers;  // before everything that holds a Timer
  Groups groups;
  ForeignGroups foreign;
  Outbox out;
  bool is_loaded = false;

  /// Records applied so far; numbers offset commits, so that of two the newer one is known.
  uint64_t sequence = 0;
  /// Which groups have offsets pending in whose transaction.
  std::map<ProducerId, std::set<std::string, std::less<>>> open_transactions;

  Timer retention;
  std::string retention_cursor;  ///< the last group looked at in a sweep that is under way

  /// Null when there is no such classic group.
  Group* find(std::string_view group_id);
  /// What holds the offsets of this name, be the group classic, foreign or no more than them.
  Group* find_offsets(std::string_view group_id);
  /// Requires: there is none.
  Group& create(std::string_view group_id, Timestamp now);
  /// Lets go of a group that the log knows nothing of and that has nothing.
  void forget_if_void(Group& group);

  // What changes the log changes the state in the same step.

  /// Appends the group's metadata as it stands. False, and nothing is appended, when that is more
  /// than a record may take; an Empty group's never is.
  [[nodiscard]] bool record_group(Group& group);
  void commit_offset(Group& group, std::string_view topic, PartitionIndex partition,
                     CommittedOffset offset);
  /// Requires: it is committed, or pending.
  void erase_offset(Group& group, std::string_view topic, PartitionIndex partition);
  /// Deletes the group with its offsets; the reference is void afterwards.
  void erase_group(Group& group);
  /// The same for a group that only offsets or handed-out ids kept alive, once they are gone. The
  /// log says so too: a Java coordinator would take old offsets for a group, tombstones or not.
  void erase_if_void(Group& group);
};

}  // namespace millrace::group
