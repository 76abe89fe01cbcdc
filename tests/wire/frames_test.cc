// Frames recorded from real clients and brokers (tests/wire/*.frames) are understood to the last
// byte, and written again as they were.
#include <string>
#include <string_view>

#include "kafka/api_table.h"
#include "kafka/message_table.h"
#include "kafka/messages/header.h"

#include "base/testing.h"

namespace millrace::kafka {
namespace {

struct Frame {
  std::string_view file;
  std::string_view direction;  // request, response
  int16_t key;
  int16_t version;
  std::string_view hex;  // header and body, without the size
};

const Frame kFrames[] = {
#include "recorded_frames.inc"
};

Buffer from_hex(std::string_view text) {
  Buffer bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    *bytes.extend(1) = static_cast<uint8_t>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

/// Header and body are decoded and written again.
// librdkafka ends two of its flexible requests with one empty tag section too many, and every
// broker reads over it.
size_t trailing_bytes_max(const Frame& frame) {
  const bool flexible_offset_fetch = frame.key == 9 && frame.version >= 6;
  const bool flexible_list_groups = frame.key == 16 && frame.version >= 3;
  const bool from_librdkafka =
      frame.file.starts_with("librdkafka") || frame.file.starts_with("confluent");
  const bool request = frame.direction == "request";
  return request && from_librdkafka && (flexible_offset_fetch || flexible_list_groups) ? 4 : 0;
}

void check_frame(const Frame& frame) {
  const ApiInfo* const api = find_api(frame.key);
  REQUIRE(api != nullptr);
  const bool is_request = frame.direction == "request";
  REQUIRE((is_request || frame.direction == "response"));
  const MessageInfo* const header = find_message(is_request ? "RequestHeader" : "ResponseHeader");
  const int16_t header_version = is_request ? request_header_version(*api, frame.version)
                                            : response_header_version(*api, frame.version);
  const MessageInfo* const body = is_request ? find_request(frame.key) : find_response(frame.key);
  REQUIRE(body != nullptr);

  const Buffer bytes = from_hex(frame.hex);
  Reader reader(bytes);
  Arena arena;
  Buffer out;
  Writer writer(out);
  const Result<> header_read = header->recode(reader, header_version, arena, writer);
  if (!header_read) FAIL(header_read.error().message());
  const Result<> body_read = body->recode(reader, frame.version, arena, writer);
  // Clients begin with the newest ApiVersions they know, which may be one to come (KIP-511).
  if (!api->has_version(frame.version)) {
    REQUIRE(!body_read);
    CHECK(body_read.error().code() == Errc::kUnsupportedVersion);
    return;
  }
  if (!body_read) FAIL(body_read.error().message());
  const size_t read = bytes.size() - reader.left();
  CHECK(reader.left() <= trailing_bytes_max(frame));
  CHECK(reader.unknown_tags() == 0);
  CHECK(equal(writer.flatten(), bytes.bytes().first(read)));
}

TEST_CASE("recorded frames are read to the last byte and written as they were") {
  for (const Frame& frame : kFrames) {
    CAPTURE(frame.file);
    CAPTURE(frame.direction);
    CAPTURE(frame.key);
    CAPTURE(frame.version);
    check_frame(frame);
  }
}

}  // namespace
}  // namespace millrace::kafka
