// The typed side of Connection: encode, exchange, decode.
#pragma once

#include <fmt/core.h>

#include "client/connection.h"

namespace millrace::client {

template <class Request>
runtime::Task<Reply<typename AnswerOf<Request>::type>> Connection::call(const Request* request,
                                                                        int16_t version_max) {
  using Response = typename AnswerOf<Request>::type;
  constexpr auto kKey = static_cast<kafka::ApiKey>(Request::kKey);
  const int16_t version = co_await version_of(kKey, version_max);
  Buffer out;
  kafka::Writer writer(out);
  const int32_t correlation_id = co_await begin_frame(writer, kKey, version);
  co_await request->encode(writer, version);
  co_await writer.end_frame();
  send(writer);

  Reply<Response> reply;
  reply.frame = co_await exchange(correlation_id);
  kafka::Reader reader(reply.frame);
  co_await skip_response_header(reader, kKey, version, *reply.arena);
  reply.message = co_await Response::decode(reader, version, *reply.arena);
  co_return reply;
}

template <class Request>
Result<> Connection::send_unanswered(const Request& request) {
  constexpr auto kKey = static_cast<kafka::ApiKey>(Request::kKey);
  const int16_t version = TRY(version_of(kKey));
  Buffer out;
  kafka::Writer writer(out);
  TRY(begin_frame(writer, kKey, version));
  TRY(request.encode(writer, version));
  TRY(writer.end_frame());
  send(writer);
  return {};
}

}  // namespace millrace::client
