#include "metadata/record.h"

#include <fmt/core.h>

#include "kafka/varint.h"
#include "kafka/wire.h"
#include "metadata/features.h"

namespace millrace::metadata {
namespace {

constexpr uint32_t kFrameVersion = 1;

void append_uvarint(uint32_t value, Buffer& to) {
  std::array<uint8_t, kafka::kVarintBytesMax> bytes;
  const uint8_t* end = kafka::write_unsigned_varint(bytes.data(), value);
  to.append({bytes.data(), end});
}

template <class Body>
Result<Record> decode_body(kafka::Reader& reader, int16_t version, Arena& arena) {
  Result<Body> body = Body::decode(reader, version, arena);
  if (!body) {
    const Errc code = body.error().code() == Errc::kUnsupportedVersion ? Errc::kUnsupportedVersion
                                                                       : Errc::kCorruptMessage;
    return fail(code, body.error().detail());
  }
  return Record{RecordBody(*body), version};
}

using Decode = Result<Record> (*)(kafka::Reader&, int16_t version, Arena&);

template <class... Bodies>
Decode decoder_of(uint32_t type, const std::variant<Bodies...>*) {
  Decode found = nullptr;
  ((found = type == static_cast<uint32_t>(Bodies::kRecordType) ? &decode_body<Bodies> : found),
   ...);
  return found;
}

int16_t change_version(const kafka::BrokerRegistrationChangeRecord& change) {
  if (change.cordoned_log_dirs) return 3;
  if (!change.log_dirs.empty()) return 2;
  return change.in_controlled_shutdown != 0 ? 1 : 0;
}

int16_t registration_version(int16_t level) {
  if (level >= kCordonedDirectoriesLevel) return 4;
  if (level >= kDirectoryAssignmentLevel) return 3;
  return level >= kZkMigrationLevel ? 2 : 1;
}

int16_t partition_version(int16_t level) {
  if (level >= kEligibleLeaderReplicasLevel) return 2;
  return level >= kDirectoryAssignmentLevel ? 1 : 0;
}

}  // namespace

std::string_view record_name(const Record& record) {
  return std::visit([](const auto& body) { return std::decay_t<decltype(body)>::kName; },
                    record.body);
}

Result<> encode_record(const Record& record, Buffer& to) {
  const size_t before = to.size();
  append_uvarint(kFrameVersion, to);
  Result<> result = std::visit(
      [&](const auto& body) {
        append_uvarint(static_cast<uint32_t>(std::decay_t<decltype(body)>::kRecordType), to);
        append_uvarint(static_cast<uint32_t>(record.version), to);
        kafka::Writer writer(to);
        return body.encode(writer, record.version);
      },
      record.body);
  if (!result) to.resize(before);
  return result;
}

Result<Record> decode_record(Bytes value, Arena& arena) {
  kafka::Reader reader(value);
  uint32_t frame_version = 0;
  uint32_t type = 0;
  uint32_t version = 0;
  if (!reader.read_uvarint(frame_version) || !reader.read_uvarint(type) ||
      !reader.read_uvarint(version)) {
    return fail(Errc::kCorruptMessage, "a metadata record ends inside its frame");
  }
  if (frame_version != kFrameVersion) {
    return fail(Errc::kUnsupportedVersion,
                fmt::format("a metadata record has frame version {}, known is {}", frame_version,
                            kFrameVersion));
  }
  const Decode decode = decoder_of(type, static_cast<const RecordBody*>(nullptr));
  if (decode == nullptr || version > INT16_MAX) {
    return fail(Errc::kUnsupportedVersion,
                fmt::format("metadata record type {} version {} is not known; the cluster's "
                            "metadata.version is newer than this server",
                            type, version));
  }
  Result<Record> record = decode(reader, static_cast<int16_t>(version), arena);
  if (record && reader.left() > 0) {
    return fail(Errc::kCorruptMessage, fmt::format("{} bytes follow the {} in its value",
                                                   reader.left(), record_name(*record)));
  }
  return record;
}

int16_t record_version(const RecordBody& body, int16_t level) {
  if (const auto* change = std::get_if<kafka::BrokerRegistrationChangeRecord>(&body)) {
    return change_version(*change);
  }
  if (std::holds_alternative<kafka::RegisterBrokerRecord>(body)) return registration_version(level);
  if (std::holds_alternative<kafka::PartitionRecord>(body) ||
      std::holds_alternative<kafka::PartitionChangeRecord>(body)) {
    return partition_version(level);
  }
  return 0;
}

}  // namespace millrace::metadata
