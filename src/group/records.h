// The records of `__consumer_offsets`: from state to bytes and back. Exactly Kafka's bytes, so that
// a Java coordinator can take the partition over, and we from it.
//
//   key    int16 type, then the key's fields (not flexible)
//   value  int16 version, then the value's fields; absent = tombstone
//
//   type   record                                  value written     values read
//   0      legacy offset commit                    never             0-4, as type 1
//   1      offset commit                           4; 1 with expiry  0-4
//   2      group metadata                          3                 0-4
//   3-8, 16         KIP-848 consumer groups        never             key only
//   10-15           share groups                   never             key only
//   17, 19-23       streams groups                 never             key only
//   any other       of a later Kafka               never             left alone
//
// Source: Kafka 4.3.1's record schemas, and what its coordinator was seen to write
// (records_test.cc).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "base/arena.h"
#include "base/ids.h"
#include "base/result.h"
#include "group/actions.h"
#include "group/group.h"
#include "group/offsets.h"
#include "kafka/records/group/group_metadata.h"
#include "kafka/records/group/offset_commit.h"

namespace millrace::group {

// To bytes. Records point into the arena.

/// The group's metadata as it stands. Requires: Empty, or a protocol is chosen.
Record group_record(const Group& group, Arena& arena);
Record group_tombstone(std::string_view group_id, Arena& arena);
Record offset_record(std::string_view group_id, std::string_view topic, PartitionIndex partition,
                     const CommittedOffset& offset, Arena& arena);
Record offset_tombstone(std::string_view group_id, std::string_view topic, PartitionIndex partition,
                        Arena& arena);

// From bytes. Views point into key, value and arena.

struct GroupRecord {
  std::string_view group_id;
  std::optional<kafka::GroupMetadataValue> value;
};

struct OffsetRecord {
  kafka::OffsetCommitKey key;
  std::optional<kafka::OffsetCommitValue> value;
};

enum class GroupKind : uint8_t { kConsumer, kShare, kStreams };
/// Kafka's word, as in ListGroups: "Consumer".
std::string_view name(GroupKind kind);
/// "consumer": what ListGroups calls its protocol type.
std::string_view protocol_type(GroupKind kind);
inline constexpr std::string_view kClassicKindName = "Classic";

/// A record of a group of another kind, as far as it concerns us.
struct ForeignRecord {
  enum class About : uint8_t { kGroup, kMember, kOther };
  GroupKind kind = GroupKind::kConsumer;
  About about = About::kOther;
  std::string_view group_id;
  std::string_view member_id;  ///< with kMember
  bool is_tombstone = false;
};

/// A type that is not known, or one without a group.
struct UnknownRecord {
  int16_t type = 0;
};

using StoredRecord = std::variant<GroupRecord, OffsetRecord, ForeignRecord, UnknownRecord>;

/// Errors: kCorruptMessage, with what and where, for a known type whose bytes are not valid or
/// whose value is of a version after ours.
Result<StoredRecord> read_record(Bytes key, std::optional<Bytes> value, Arena& arena);

}  // namespace millrace::group
