#include "group/records.h"

#include <fmt/format.h>
#include <span>

#include "base/check.h"

namespace millrace::group {
namespace {

using kafka::GroupMetadataKey;
using kafka::GroupMetadataValue;
using kafka::OffsetCommitKey;
using kafka::OffsetCommitValue;

// What Kafka 4.3.1 writes. The value versions before the last are written where it does so itself:
// they are what a 4.3 coordinator, and the releases it can be downgraded to, read.
constexpr int16_t kGroupValueVersion = 3;
constexpr int16_t kOffsetValueVersion = 4;
constexpr int16_t kOffsetValueVersionWithExpiry = 1;
constexpr int16_t kLegacyOffsetType = 0;

template <class Message>
void write(kafka::Writer& writer, int16_t mark, const Message& message, int16_t version) {
  writer.write(mark);
  CHECK(message.encode(writer, version), "our own state fits its schema");
}

template <class Key>
Record tombstone(const Key& key, Arena& arena) {
  Buffer buffer(128);
  kafka::Writer writer(buffer);
  write(writer, Key::kRecordType, key, 0);
  return {arena.copy(buffer.bytes()), std::nullopt};
}

template <class Key, class Value>
Record record(const Key& key, const Value& value, int16_t version, Arena& arena) {
  Buffer buffer(256);
  kafka::Writer writer(buffer);
  write(writer, Key::kRecordType, key, 0);
  const size_t key_size = buffer.size();
  write(writer, version, value, version);
  const Bytes both = arena.copy(buffer.bytes());
  return {both.first(key_size), both.subspan(key_size)};
}

std::optional<std::string_view> view(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  return *text;
}

GroupMetadataValue::MemberMetadata stored(const Member& member, const Group& group) {
  const Protocol* chosen = member.find(*group.protocol_name());
  CHECK(chosen);
  return {.member_id = member.id,
          .group_instance_id = view(member.group_instance_id),
          .client_id = member.client_id,
          .client_host = member.client_host,
          .rebalance_timeout = member.rebalance_timeout_ms,
          .session_timeout = member.session_timeout_ms,
          .subscription = as_bytes(chosen->metadata),
          .assignment = as_bytes(member.assignment)};
}

}  // namespace

Record group_record(const Group& group, Arena& arena) {
  const auto members = arena.make_array<GroupMetadataValue::MemberMetadata>(group.size());
  size_t filled = 0;
  for (const auto& [id, member] : group.members()) members[filled++] = stored(member, group);
  const GroupMetadataValue value = {
      .protocol_type = group.protocol_type() ? std::string_view(*group.protocol_type()) : "",
      .generation = group.generation(),
      .protocol = view(group.protocol_name()),
      .leader = view(group.leader()),
      .current_state_timestamp = group.state_since(),
      .members = members};
  return record(GroupMetadataKey{.group = group.id()}, value, kGroupValueVersion, arena);
}

Record group_tombstone(std::string_view group_id, Arena& arena) {
  return tombstone(GroupMetadataKey{.group = group_id}, arena);
}

Record offset_record(std::string_view group_id, std::string_view topic, PartitionIndex partition,
                     const CommittedOffset& offset, Arena& arena) {
  const OffsetCommitKey key = {.group = group_id, .topic = topic, .partition = partition};
  const OffsetCommitValue value = {.offset = offset.offset,
                                   .leader_epoch = offset.leader_epoch,
                                   .metadata = offset.metadata,
                                   .commit_timestamp = offset.committed_at,
                                   .expire_timestamp = offset.expires_at,
                                   .topic_id = offset.topic_id};
  const int16_t version =
      offset.expires_at == kNoTimestamp ? kOffsetValueVersion : kOffsetValueVersionWithExpiry;
  return record(key, value, version, arena);
}

Record offset_tombstone(std::string_view group_id, std::string_view topic, PartitionIndex partition,
                        Arena& arena) {
  return tombstone(OffsetCommitKey{.group = group_id, .topic = topic, .partition = partition},
                   arena);
}

std::string_view name(GroupKind kind) {
  switch (kind) {
    case GroupKind::kConsumer:
      return "Consumer";
    case GroupKind::kShare:
      return "Share";
    case GroupKind::kStreams:
      return "Streams";
  }
  return "Unknown";
}

std::string_view protocol_type(GroupKind kind) {
  switch (kind) {
    case GroupKind::kConsumer:
      return "consumer";
    case GroupKind::kShare:
      return "share";
    case GroupKind::kStreams:
      return "streams";
  }
  return "";
}

namespace {

template <class Value>
Result<std::optional<Value>> read_value(std::optional<Bytes> bytes, Arena& arena) {
  if (!bytes) return std::nullopt;
  kafka::Reader reader(*bytes);
  int16_t version = 0;
  if (!reader.read(version)) return fail(Errc::kCorruptMessage, "the value has no version");
  auto value = Value::decode(reader, version, arena);
  if (!value) return fail(Errc::kCorruptMessage, value.error().detail());
  return *value;
}

Result<StoredRecord> read_group(kafka::Reader& key_reader, std::optional<Bytes> value,
                                Arena& arena) {
  const auto key = GroupMetadataKey::decode(key_reader, 0, arena);
  if (!key) return fail(Errc::kCorruptMessage, key.error().detail());
  return GroupRecord{key->group, TRY(read_value<GroupMetadataValue>(value, arena))};
}

Result<StoredRecord> read_offset(kafka::Reader& key_reader, std::optional<Bytes> value,
                                 Arena& arena) {
  const auto key = OffsetCommitKey::decode(key_reader, 0, arena);
  if (!key) return fail(Errc::kCorruptMessage, key.error().detail());
  return OffsetRecord{*key, TRY(read_value<OffsetCommitValue>(value, arena))};
}

struct ForeignType {
  int16_t type;
  GroupKind kind;
  ForeignRecord::About about;
};
using About = ForeignRecord::About;
constexpr ForeignType kForeignTypes[] = {
    {3, GroupKind::kConsumer, About::kGroup},   // ConsumerGroupMetadata
    {4, GroupKind::kConsumer, About::kOther},   // ConsumerGroupPartitionMetadata
    {5, GroupKind::kConsumer, About::kMember},  // ConsumerGroupMemberMetadata
    {6, GroupKind::kConsumer, About::kOther},   // ConsumerGroupTargetAssignmentMetadata
    {7, GroupKind::kConsumer, About::kOther},   // ConsumerGroupTargetAssignmentMember
    {8, GroupKind::kConsumer, About::kOther},   // ConsumerGroupCurrentMemberAssignment
    {10, GroupKind::kShare, About::kMember},    // ShareGroupMemberMetadata
    {11, GroupKind::kShare, About::kGroup},     // ShareGroupMetadata
    {12, GroupKind::kShare, About::kOther},     // ShareGroupTargetAssignmentMetadata
    {13, GroupKind::kShare, About::kOther},     // ShareGroupTargetAssignmentMember
    {14, GroupKind::kShare, About::kOther},     // ShareGroupCurrentMemberAssignment
    {15, GroupKind::kShare, About::kOther},     // ShareGroupStatePartitionMetadata
    {16, GroupKind::kConsumer, About::kOther},  // ConsumerGroupRegularExpression
    {17, GroupKind::kStreams, About::kGroup},   // StreamsGroupMetadata
    {19, GroupKind::kStreams, About::kMember},  // StreamsGroupMemberMetadata
    {20, GroupKind::kStreams, About::kOther},   // StreamsGroupTargetAssignmentMetadata
    {21, GroupKind::kStreams, About::kOther},   // StreamsGroupTargetAssignmentMember
    {22, GroupKind::kStreams, About::kOther},   // StreamsGroupCurrentMemberAssignment
    {23, GroupKind::kStreams, About::kOther},   // StreamsGroupTopology
};

/// Every such key begins with the group, and a member's goes on with the member.
Result<StoredRecord> read_foreign(const ForeignType& type, kafka::Reader& key, bool is_tombstone,
                                  Arena& arena) {
  ForeignRecord record = {.kind = type.kind, .about = type.about, .is_tombstone = is_tombstone};
  key.begin_message(0, false, arena);
  if (!key.read(record.group_id) || (type.about == About::kMember && !key.read(record.member_id)))
    return fail(Errc::kCorruptMessage, key.error(name(type.kind)).detail());
  return record;
}

Result<StoredRecord> read_typed(int16_t type, kafka::Reader& key, std::optional<Bytes> value,
                                Arena& arena) {
  if (type == GroupMetadataKey::kRecordType) return read_group(key, value, arena);
  if (type == OffsetCommitKey::kRecordType || type == kLegacyOffsetType)
    return read_offset(key, value, arena);
  for (const ForeignType& foreign : kForeignTypes) {
    if (foreign.type == type) return read_foreign(foreign, key, !value, arena);
  }
  return UnknownRecord{type};
}

}  // namespace

Result<StoredRecord> read_record(Bytes key, std::optional<Bytes> value, Arena& arena) {
  kafka::Reader reader(key);
  int16_t type = 0;
  if (!reader.read(type)) return fail(Errc::kCorruptMessage, "the key has no record type");
  auto record = read_typed(type, reader, value, arena);
  if (!record) return fail(record.error().within(fmt::format("record of type {}", type)));
  return record;
}

}  // namespace millrace::group
