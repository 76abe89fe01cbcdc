// A metadata record: any of the kinds that may stand in __cluster_metadata, and its bytes there.
// Not for what records do (metadata/image.h) nor for control records (kafka/control_record.h).
//
//   value = uvarint frame version 1, uvarint record type, uvarint record version, body (flexible);
//   there is no key.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/result.h"
#include "kafka/records/metadata/abort_transaction.h"
#include "kafka/records/metadata/access_control_entry.h"
#include "kafka/records/metadata/begin_transaction.h"
#include "kafka/records/metadata/broker_registration_change.h"
#include "kafka/records/metadata/clear_elr.h"
#include "kafka/records/metadata/client_quota.h"
#include "kafka/records/metadata/config.h"
#include "kafka/records/metadata/delegation_token.h"
#include "kafka/records/metadata/end_transaction.h"
#include "kafka/records/metadata/feature_level.h"
#include "kafka/records/metadata/fence_broker.h"
#include "kafka/records/metadata/no_op.h"
#include "kafka/records/metadata/partition.h"
#include "kafka/records/metadata/partition_change.h"
#include "kafka/records/metadata/producer_ids.h"
#include "kafka/records/metadata/register_broker.h"
#include "kafka/records/metadata/register_controller.h"
#include "kafka/records/metadata/remove_access_control_entry.h"
#include "kafka/records/metadata/remove_delegation_token.h"
#include "kafka/records/metadata/remove_topic.h"
#include "kafka/records/metadata/remove_user_scram_credential.h"
#include "kafka/records/metadata/topic.h"
#include "kafka/records/metadata/unfence_broker.h"
#include "kafka/records/metadata/unregister_broker.h"
#include "kafka/records/metadata/user_scram_credential.h"
#include "kafka/records/metadata/zk_migration.h"

namespace millrace::metadata {

using RecordBody = std::variant<
    kafka::RegisterBrokerRecord, kafka::UnregisterBrokerRecord, kafka::TopicRecord,
    kafka::PartitionRecord, kafka::ConfigRecord, kafka::PartitionChangeRecord,
    kafka::FenceBrokerRecord, kafka::UnfenceBrokerRecord, kafka::RemoveTopicRecord,
    kafka::DelegationTokenRecord, kafka::UserScramCredentialRecord, kafka::FeatureLevelRecord,
    kafka::ClientQuotaRecord, kafka::ProducerIdsRecord, kafka::BrokerRegistrationChangeRecord,
    kafka::AccessControlEntryRecord, kafka::RemoveAccessControlEntryRecord, kafka::NoOpRecord,
    kafka::ZkMigrationRecord, kafka::RemoveUserScramCredentialRecord, kafka::BeginTransactionRecord,
    kafka::EndTransactionRecord, kafka::AbortTransactionRecord, kafka::RemoveDelegationTokenRecord,
    kafka::RegisterControllerRecord, kafka::ClearElrRecord>;

/// A record and the version its bytes are written in.
/// Lifetime: a view; texts and arrays lie in an Arena or in the bytes it was decoded from.
struct Record {
  RecordBody body;
  int16_t version = 0;
};
using Records = std::vector<Record>;

/// The name of the record's kind: "PartitionRecord".
std::string_view record_name(const Record& record);

/// Appends the value of one record.
/// Errors: kUnsupportedVersion, kInvalidRequest: a field its version has no place for, or a text
/// that is too long. Nothing is appended then.
Result<> encode_record(const Record& record, Buffer& to);

/// Reads the value of one record; views point into `value` and `arena`.
/// Errors: kUnsupportedVersion for a frame version, type or version we do not know (a newer
/// metadata.version wrote it); kCorruptMessage for bytes that are no record.
Result<Record> decode_record(Bytes value, Arena& arena);

/// The version of a record's kind that a cluster at this metadata.version understands. Kinds with
/// one version give 0; a broker registration change gives the least its fields need.
int16_t record_version(const RecordBody& body, int16_t metadata_version);

}  // namespace millrace::metadata
