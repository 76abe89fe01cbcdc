#include "broker/request.h"

#include <fmt/core.h>

#include "base/printable.h"
#include "kafka/messages/header.h"

namespace millrace::broker {
namespace {

// A frame no larger than this moves into the request's arena, which has a page anyway, so that a
// request that waits for minutes does not hold a slab.
constexpr size_t kCopiedBytesMax = 2048;

}  // namespace

Result<> Request::parse(Frame frame, std::span<const Api> apis, Node* node,
                        ConnectionFacts& connection) {
  node_ = node;
  connection_ = &connection;
  state_ = State::kQueued;
  if (frame.bytes.size() <= kCopiedBytesMax) {
    frame_.bytes = arena_.copy(frame.bytes);
  } else {
    frame_ = std::move(frame);
  }
  return parse_header(apis);
}

void Request::reset() {
  frame_ = {};
  body_ = {};
  client_id_ = {};
  kept_.clear();
  response_.reset();
  arena_.reset();
}

Result<> Request::parse_header(std::span<const Api> apis) {
  const Bytes bytes = frame_.bytes;
  if (bytes.size() < 4) {
    return fail(Errc::kInvalidRequest,
                fmt::format("a frame of {} bytes has no room for a header", bytes.size()));
  }
  const auto key = load_be<int16_t>(bytes.data());
  version_ = load_be<int16_t>(bytes.data() + 2);
  info_ = kafka::find_api(key);
  api_ = find_api(apis, key);
  if (!info_ || !api_) {
    return fail(Errc::kUnsupportedVersion, fmt::format("API {} ({}) is not served here", key,
                                                       info_ ? info_->name : "unknown"));
  }
  if (!known_version() && api_->key != kafka::ApiKey::kApiVersions) {
    return fail(Errc::kUnsupportedVersion,
                fmt::format("{} v{}, and v{} to v{} are served", info_->name, version_,
                            info_->version_min, info_->version_max));
  }
  kafka::Reader reader(bytes);
  const auto header = TRY(kafka::RequestHeader::decode(
      reader, kafka::request_header_version(*info_, version_), arena_));
  correlation_id_ = header.correlation_id;
  client_id_ = header.client_id.value_or("");
  body_ = reader.rest();
  return {};
}

Result<> Request::begin_answer() {
  kafka::Writer& writer = response_.writer();
  writer.begin_frame();
  const kafka::ResponseHeader header{.correlation_id = correlation_id_};
  return header.encode(writer, kafka::response_header_version(*info_, version_));
}

Result<> Request::answer_encoded(std::shared_ptr<const Buffer> message) {
  TRY(begin_answer());
  response_.writer().write_encoded(*message);
  response_.keep(std::move(message));
  return end_answer();
}

Result<> Request::end_answer() {
  TRY(response_.writer().end_frame());
  response_.finish();
  return {};
}

MutableBytes Request::in_place(Bytes view) {
  if (view.empty()) return {};  // a null field points nowhere
  CHECK(view.data() >= frame_.bytes.data() &&
        view.data() + view.size() <= frame_.bytes.data() + frame_.bytes.size());
  // The memory is ours: a slab, or our arena.
  return {const_cast<uint8_t*>(view.data()), view.size()};
}

std::string Request::describe() const {
  return fmt::format("{} v{} from client \"{}\"", info_->name, version_, printable(client_id_));
}

}  // namespace millrace::broker
