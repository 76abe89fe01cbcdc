// Which response answers which request: FetchRequest -> FetchResponse, for every API there is.
#pragma once

namespace millrace::kafka {
#define MILLRACE_API(key, name, ...) \
  struct name##Request;              \
  struct name##Response;
#include "kafka/messages/all.def"
#undef MILLRACE_API
}  // namespace millrace::kafka

namespace millrace::client {

template <class Request>
struct AnswerOf;
#define MILLRACE_API(key, name, ...)      \
  template <>                             \
  struct AnswerOf<kafka::name##Request> { \
    using type = kafka::name##Response;   \
  };
#include "kafka/messages/all.def"
#undef MILLRACE_API

}  // namespace millrace::client
