#include "kafka/message_table.h"

#include <array>

#include "kafka/api_table.h"
#include "kafka/messages/all.h"

namespace millrace::kafka {
namespace {

template <class M>
Result<> dump_bytes(Reader& reader, int16_t version, Arena& arena, std::string& out) {
  const M message = TRY(M::decode(reader, version, arena));
  message.dump(out, version);
  return {};
}

template <class M>
Result<> recode(Reader& reader, int16_t version, Arena& arena, Writer& writer) {
  const M message = TRY(M::decode(reader, version, arena));
  return message.encode(writer, version);
}

template <class M>
constexpr MessageInfo info() {
  return {M::kName, M::kVersionMin, M::kVersionMax, M::kFlexibleFrom, dump_bytes<M>, recode<M>};
}

constexpr auto kTable = std::to_array<MessageInfo>({
#define MILLRACE_MESSAGE(name) info<name>(),
#include "kafka/messages/all.def"
});

const MessageInfo* find_of_api(int16_t key, std::string_view suffix) {
  const ApiInfo* const api = find_api(key);
  return api ? find_message(std::string(api->name).append(suffix)) : nullptr;
}

}  // namespace

std::span<const MessageInfo> message_table() {
  return kTable;
}

const MessageInfo* find_message(std::string_view name) {
  for (const MessageInfo& message : kTable) {
    if (message.name == name) return &message;
  }
  return nullptr;
}

const MessageInfo* find_request(int16_t key) {
  return find_of_api(key, "Request");
}

const MessageInfo* find_response(int16_t key) {
  return find_of_api(key, "Response");
}

}  // namespace millrace::kafka
