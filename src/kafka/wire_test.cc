#include "kafka/wire.h"

#include <string>

#include "kafka/messages/api_versions.h"
#include "kafka/messages/fetch.h"
#include "kafka/messages/find_coordinator.h"
#include "kafka/messages/header.h"
#include "kafka/messages/metadata.h"
#include "kafka/messages/offset_fetch.h"
#include "kafka/messages/produce.h"
#include "kafka/records/group/consumer_group_member_metadata.h"
#include "kafka/records/group/offset_commit.h"
#include "kafka/records/metadata/topic.h"

#include "base/testing.h"

namespace millrace::kafka {
namespace {

/// "0012 'abc'": hexadecimal bytes; what stands between quotes is text.
Buffer bytes_of(std::string_view notation) {
  Buffer out;
  for (size_t i = 0; i < notation.size(); ++i) {
    if (notation[i] == '\'') {
      const size_t end = notation.find('\'', i + 1);
      out.append(as_bytes(notation.substr(i + 1, end - i - 1)));
      i = end;
    } else if (notation[i] != ' ') {
      *out.extend(1) =
          static_cast<uint8_t>(std::stoi(std::string(notation.substr(i, 2)), nullptr, 16));
      ++i;
    }
  }
  return out;
}

template <class M>
Buffer encoded(const M& message, int16_t version) {
  Buffer out;
  Writer writer(out);
  const Result<> result = message.encode(writer, version);
  REQUIRE_MESSAGE(result, (result ? "" : result.error().message()));
  return writer.flatten();
}

template <class M>
Error encode_error(const M& message, int16_t version) {
  Buffer out;
  Writer writer(out);
  const Result<> result = message.encode(writer, version);
  REQUIRE(!result);
  return result.error();
}

template <class M>
std::string decode_error(Bytes bytes, int16_t version) {
  Reader reader(bytes);
  Arena arena;
  const Result<M> result = M::decode(reader, version, arena);
  REQUIRE(!result);
  CHECK(result.error().code() == Errc::kInvalidRequest);
  return result.error().detail();
}

TEST_CASE("an ApiVersions v3 request reads as a client wrote it, header and body") {
  const Buffer frame = bytes_of(
      "0012 0003 00000007 0007 'rdkafka' 00"  // header v2: classic client id, no tags
      "0b 'librdkafka' 06 '2.3.0' 00");       // body v3: compact strings, no tags
  Reader reader(frame);
  Arena arena;
  const auto header = RequestHeader::decode(reader, 2, arena);
  REQUIRE(header);
  CHECK(header->request_api_key == 18);
  CHECK(header->request_api_version == 3);
  CHECK(header->correlation_id == 7);
  CHECK(header->client_id == "rdkafka");
  const auto body = ApiVersionsRequest::decode(reader, 3, arena);
  REQUIRE(body);
  CHECK(body->client_software_name == "librdkafka");
  CHECK(body->client_software_version == "2.3.0");
  CHECK(reader.left() == 0);

  Buffer out;
  Writer writer(out);
  REQUIRE(header->encode(writer, 2));
  REQUIRE(body->encode(writer, 3));
  CHECK(equal(out, frame));
}

TEST_CASE("an ApiVersions response has compact arrays and tagged features from version 3 on") {
  ApiVersionsResponse response;
  ApiVersionsResponse::ApiVersion rows[] = {{.api_key = 18, .min_version = 0, .max_version = 4}};
  response.api_keys = rows;
  CHECK(equal(encoded(response, 0), bytes_of("0000 00000001 0012 0000 0004")));
  response.finalized_features_epoch = 5;
  CHECK(equal(encoded(response, 3), bytes_of("0000 02 0012 0000 0004 00 00000000"
                                             "01 01 08 0000000000000005")));
}

TEST_CASE("a Metadata request tells all topics from none") {
  MetadataRequest all;
  all.topics.reset();
  CHECK(equal(encoded(all, 1), bytes_of("ffffffff")));
  CHECK(equal(encoded(all, 9), bytes_of("00 01 00 00 00")));
  CHECK(equal(encoded(MetadataRequest(), 1), bytes_of("00000000")));
  const Error error = encode_error(all, 0);
  CHECK(error.code() == Errc::kInvalidRequest);
  CHECK(error.detail() == "MetadataRequest v0: topics: null, which this version does not allow");
}

TEST_CASE("records are pointed at on the way in and on the way out") {
  const Buffer frame =
      bytes_of("ffff 0001 00007530 00000001 0001 't' 00000001 00000002 00000005 'batch'");
  Reader reader(frame);
  Arena arena;
  const auto produce = ProduceRequest::decode(reader, 3, arena);
  REQUIRE(produce);
  CHECK(!produce->transactional_id);
  const auto& partition = produce->topic_data[0].partition_data[0];
  CHECK(partition.index == PartitionIndex(2));
  CHECK(partition.records->bytes.data() == frame.data() + frame.size() - 5);

  Buffer out;
  Writer writer(out);
  writer.begin_frame();
  REQUIRE(produce->encode(writer, 3));
  REQUIRE(writer.end_frame());
  REQUIRE(writer.pieces().size() == 1);
  CHECK(writer.pieces()[0].records.bytes.data() == partition.records->bytes.data());
  CHECK(out.size() == 4 + frame.size() - 5);
  CHECK(writer.size() == 4 + frame.size());
  REQUIRE(writer.parts().size() == 2);
  const Buffer flat = writer.flatten();
  CHECK(load_be<int32_t>(flat.data()) == static_cast<int32_t>(frame.size()));
  CHECK(equal(flat.bytes().subspan(4), frame));
}

TEST_CASE("records that lie elsewhere are counted, and their place is known") {
  FetchResponse::Partition partition{.records =
                                         Records(Records::Elsewhere{.size = 1000, .number = 7})};
  FetchResponse::Topic topic{.topic = "t", .partitions = {&partition, 1}};
  const FetchResponse response{.responses = {&topic, 1}};
  Buffer out;
  Writer writer(out);
  writer.begin_frame();
  REQUIRE(response.encode(writer, 11));
  REQUIRE(writer.end_frame());
  CHECK(writer.size() == out.size() + 1000);
  CHECK(load_be<int32_t>(out.data()) == static_cast<int32_t>(out.size() + 1000 - 4));
  REQUIRE(writer.pieces().size() == 1);
  CHECK(writer.pieces()[0].at == out.size());
  CHECK(writer.pieces()[0].records == partition.records);
  CHECK(load_be<int32_t>(out.data() + out.size() - 4) == 1000);
}

TEST_CASE(
    "a tagged field at its default is not written, and one that is absent is at its default") {
  FetchRequest request;
  request.replica_id = BrokerId(-1);
  CHECK(equal(encoded(request, 15), bytes_of("00000000 00000000 7fffffff 00 00000000 ffffffff"
                                             "01 01 01 00")));
  request.replica_state.replica_id = BrokerId(3);
  const Buffer bytes = encoded(request, 15);
  CHECK(equal(bytes.bytes().last(16), bytes_of("01 01 0d 00000003 ffffffffffffffff 00")));
  Reader reader(bytes);
  Arena arena;
  const auto again = FetchRequest::decode(reader, 15, arena);
  REQUIRE(again);
  CHECK(*again == request);
}

TEST_CASE("a tagged struct that is null says so when its default is another") {
  ConsumerGroupMemberMetadataValue value;
  value.classic_member_metadata.reset();
  const Buffer bytes = encoded(value, 0);
  CHECK(equal(bytes.bytes().last(4), bytes_of("01 00 01 00")));
  Reader reader(bytes);
  Arena arena;
  const auto again = ConsumerGroupMemberMetadataValue::decode(reader, 0, arena);
  REQUIRE(again);
  CHECK(!again->classic_member_metadata);
}

TEST_CASE(
    "a field that the version lacks is dropped if it is ignorable and refused by name if not") {
  FetchRequest request;
  request.rack_id = "here";
  CHECK(equal(encoded(request, 4), encoded(FetchRequest(), 4)));
  FetchRequest::ForgottenTopic forgotten[] = {{.topic = "t"}};
  request.forgotten_topics_data = forgotten;
  const Error error = encode_error(request, 6);
  CHECK(error.code() == Errc::kUnsupportedVersion);
  CHECK(error.detail() ==
        "FetchRequest v6: forgotten_topics_data: is set, but this version has no such field");
}

TEST_CASE("counts that lie are refused before anything is allocated, with field and position") {
  const Buffer frame = bytes_of(
      "ffffffff 00000000 00000000 00000000 00 00000002"  // v4: two topics
      "0001 'a' 00000000"
      "0001 'b' 00989680 00000000 00000000");  // 10 000 000 partitions
  Reader reader(frame);
  Arena arena;
  const auto result = FetchRequest::decode(reader, 4, arena);
  REQUIRE(!result);
  CHECK(result.error().detail() ==
        "FetchRequest v4: topics[1].partitions: count 10000000 needs at least 160000000 bytes, "
        "8 left at byte 31");
  CHECK(arena.used() <= 2 * sizeof(FetchRequest::Topic));
}

TEST_CASE("arrays inside arrays cannot claim the same bytes twice") {
  // 200 groups, whose first says 200 topics, whose first says 200 partitions: 700 bytes in all.
  Buffer frame = bytes_of("c901 02 'g' c901 02 't' c901");
  while (frame.size() < 700) *frame.extend(1) = 0xff;
  Reader reader(frame);
  Arena arena;
  const auto result = OffsetFetchRequest::decode(reader, 8, arena);
  REQUIRE(!result);
  CHECK(result.error().detail() ==
        "OffsetFetchRequest v8: groups[0].topics: count 200 needs at least 600 bytes, 97 left at "
        "byte 4");
}

TEST_CASE("what is wrong with a value is told: null, negative, too long, no UTF-8, cut") {
  CHECK(decode_error<FindCoordinatorRequest>(bytes_of("ffff"), 0) ==
        "FindCoordinatorRequest v0: key: null is not allowed here at byte 0");
  CHECK(decode_error<FindCoordinatorRequest>(bytes_of("fffe"), 0) ==
        "FindCoordinatorRequest v0: key: length -2 is negative at byte 0");
  CHECK(decode_error<FindCoordinatorRequest>(bytes_of("0002 'a'"), 0) ==
        "FindCoordinatorRequest v0: key: a string of 2 bytes exceeds the 1 left at byte 2");
  CHECK(decode_error<FindCoordinatorRequest>(bytes_of("0002 c328"), 0) ==
        "FindCoordinatorRequest v0: key: text is not UTF-8 at byte 2");
  CHECK(decode_error<FindCoordinatorRequest>(bytes_of("818002 'a'"), 3) ==
        "FindCoordinatorRequest v3: key: a string of 32768 bytes is longer than 32767 at byte 3");
  CHECK(decode_error<FindCoordinatorRequest>(bytes_of("ffffffffff 'a'"), 3) ==
        "FindCoordinatorRequest v3: key: no varint of 32 bits in the 6 bytes left at byte 0");
  CHECK(decode_error<FindCoordinatorRequest>(bytes_of("0001 'a'"), 1) ==
        "FindCoordinatorRequest v1: key_type: needs 1 bytes, 0 left at byte 3");
  CHECK(decode_error<TopicRecord>(bytes_of("02 'a' 00"), 0) ==
        "TopicRecord v0: topic_id: needs 16 bytes, 1 left at byte 2");
}

TEST_CASE(
    "unknown tagged fields are skipped and counted; doubled, unordered or misfit ones refused") {
  Arena arena;
  const auto with_tags = [](std::string_view tags) {
    return bytes_of(std::string("02 'a' 02 'b' ").append(tags));
  };
  const Buffer unknown = with_tags("02 05 01 aa 07 02 bbcc 'x'");
  Reader reader(unknown);
  REQUIRE(ApiVersionsRequest::decode(reader, 3, arena));
  CHECK(reader.unknown_tags() == 2);
  CHECK(reader.left() == 1);

  CHECK(decode_error<ApiVersionsRequest>(with_tags("02 05 00 05 00"), 3) ==
        "ApiVersionsRequest v3: tag 5 follows tag 5 at byte 9");
  CHECK(decode_error<ApiVersionsRequest>(with_tags("02 05 00 04 00"), 3) ==
        "ApiVersionsRequest v3: tag 4 follows tag 5 at byte 9");
  CHECK(decode_error<ApiVersionsRequest>(with_tags("01 05 03 aa"), 3) ==
        "ApiVersionsRequest v3: tag 5 has size 3, 1 bytes left at byte 7");
  CHECK(decode_error<ApiVersionsRequest>(with_tags("05"), 3) ==
        "ApiVersionsRequest v3: tagged fields: no varint of 32 bits in the 0 bytes left at byte 5");
  CHECK(decode_error<ApiVersionsResponse>(bytes_of("0000 01 00000000 01 01 09 0000000000000005 00"),
                                          3) ==
        "ApiVersionsResponse v3: tag 1 has 1 bytes too many at byte 18");
}

TEST_CASE("a string that is too long for the wire is refused when it is written") {
  const std::string text(kStringBytesMax + 1, 'x');
  const Error error = encode_error(FindCoordinatorRequest{.key = text}, 0);
  CHECK(error.code() == Errc::kInvalidRequest);
  CHECK(error.detail() ==
        "FindCoordinatorRequest v0: key: a string of 32768 bytes is longer than 32767");
}

TEST_CASE("a dump shows the fields of the version, and long bytes by their beginning") {
  OffsetCommitValue value;
  value.offset = Offset(42);
  value.metadata = "a \"b\"\n";
  std::string text;
  value.dump(text, 3);
  CHECK(text ==
        "{\"offset\": 42, \"leader_epoch\": -1, \"metadata\": \"a \\\"b\\\"\\u000a\", "
        "\"commit_timestamp\": 0}");
  ProduceRequest::Partition partition{
      .records = Records(as_bytes(std::string_view("0123456789012345678901234567890123456789")))};
  ProduceRequest::Topic topic{.name = "t", .partition_data = {&partition, 1}};
  ProduceRequest produce{.topic_data = {&topic, 1}};
  text.clear();
  produce.dump(text, 3);
  CHECK(text.find("\"3031323334353637383930313233343536373839303132333435363738393031... 40 "
                  "bytes\"") != std::string::npos);
}

TEST_CASE("UTF-8 is known from what only looks like it") {
  for (const std::string_view good :
       {"", "ascii only, and more than eight", "\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "12345678\xc3\xa4"}) {
    CAPTURE(good);
    CHECK(is_utf8(good));
  }
  for (const std::string_view bad :
       {"\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe2\x82",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "12345678\xc3"}) {
    CAPTURE(bad);
    CHECK(!is_utf8(bad));
  }
}

}  // namespace
}  // namespace millrace::kafka
