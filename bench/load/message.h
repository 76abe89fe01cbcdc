// Requests and answers as frames: header and message together. The versions spoken here are the
// highest that name topics by name, so that no broker needs to be asked for ids first.
#pragma once

#include <fmt/core.h>

#include <string_view>

#include "base/arena.h"
#include "base/result.h"
#include "bench/load/arguments.h"
#include "kafka/api_table.h"
#include "kafka/messages/header.h"
#include "kafka/wire.h"

namespace millrace::bench {

inline constexpr int16_t kProduceVersion = 9;
inline constexpr int16_t kFetchVersion = 12;
inline constexpr int16_t kListOffsetsVersion = 6;
inline constexpr int16_t kMetadataVersion = 9;
inline constexpr int16_t kOffsetCommitVersion = 8;
inline constexpr int16_t kFindCoordinatorVersion = 3;
inline constexpr int16_t kJoinGroupVersion = 7;
inline constexpr int16_t kHeartbeatVersion = 4;
inline constexpr int16_t kSyncGroupVersion = 5;
inline constexpr int16_t kApiVersionsVersion = 3;
inline constexpr int16_t kCreateTopicsVersion = 5;
inline constexpr int16_t kDeleteTopicsVersion = 4;

/// Where in a request's frame its correlation id is.
inline constexpr size_t kCorrelationIdAt = 8;

/// The value, or the program's end with the error.
template <class T>
T must(Result<T>&& result) {
  if (!result.has_value()) give_up(result.error().message());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// Appends a whole frame to the writer's buffer.
template <class Request>
void write_request(const Request& request, int16_t version, int32_t correlation_id,
                   kafka::Writer& writer) {
  const kafka::ApiInfo& api = *kafka::find_api(Request::kKey);
  writer.begin_frame();
  const kafka::RequestHeader header{.request_api_key = Request::kKey,
                                    .request_api_version = version,
                                    .correlation_id = correlation_id,
                                    .client_id = "bench"};
  must(header.encode(writer, kafka::request_header_version(api, version)));
  must(request.encode(writer, version));
  must(writer.end_frame());
}

/// Reads an answer, without its size, and checks whose it is. Views point into frame and arena.
/// Errors: kInvalidRequest.
template <class Response>
Result<Response> read_response(Bytes frame, int16_t version, int32_t correlation_id, Arena& arena) {
  const kafka::ApiInfo& api = *kafka::find_api(Response::kKey);
  kafka::Reader reader(frame);
  const auto header = TRY(
      kafka::ResponseHeader::decode(reader, kafka::response_header_version(api, version), arena));
  if (header.correlation_id != correlation_id) {
    return fail(Errc::kInvalidRequest, fmt::format("answer {} came where {} was awaited",
                                                   header.correlation_id, correlation_id));
  }
  return Response::decode(reader, version, arena);
}

}  // namespace millrace::bench
