// Any bytes as any message: decoding refuses or accepts them within the memory bound, and what was
// accepted is written so that it reads the same again.
//
// Input: kind (0 request, 1 response, else a header or record), API key or number of the record,
// version, then the message.
#include <algorithm>
#include <vector>

#include "base/check.h"
#include "kafka/api_table.h"
#include "kafka/message_table.h"

namespace millrace::kafka {
namespace {

/// Messages that are no request or response: headers, records.
std::vector<const MessageInfo*> other_messages() {
  std::vector<const MessageInfo*> others;
  for (const MessageInfo& message : message_table()) others.push_back(&message);
  std::erase_if(others, [](const MessageInfo* message) {
    return std::ranges::any_of(api_table(), [&](const ApiInfo& api) {
      const auto key = static_cast<int16_t>(api.key);
      return find_request(key) == message || find_response(key) == message;
    });
  });
  return others;
}

const MessageInfo* choose(uint8_t kind, uint8_t number) {
  static const std::vector<const MessageInfo*> kOthers = other_messages();
  if (kind == 0) return find_request(number);
  if (kind == 1) return find_response(number);
  return kOthers[number % kOthers.size()];
}

/// Decodes and encodes; false when the message refused the bytes.
bool recode(const MessageInfo& message, int16_t version, Bytes bytes, Buffer& out) {
  Reader reader(bytes);
  Arena arena;
  Writer writer(out);
  const Result<> result = message.recode(reader, version, arena, writer);
  CHECK(arena.used() <= arena_bytes_max(bytes.size()));
  if (result) out = writer.flatten();
  return result.has_value();
}

void check_message(Bytes input) {
  if (input.size() < 3) return;
  const MessageInfo* const message = choose(input[0], input[1]);
  const int16_t version = input[2];
  if (message == nullptr) return;

  Buffer once;
  if (!recode(*message, version, input.subspan(3), once)) return;
  Buffer twice;
  CHECK(recode(*message, version, once, twice), "what we wrote, we refuse");
  CHECK(equal(once, twice), "what we wrote reads as another message");

  Reader reader(once);
  Arena arena;
  std::string text;
  CHECK(message->dump(reader, version, arena, text).has_value());
}

}  // namespace
}  // namespace millrace::kafka

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  millrace::kafka::check_message({data, size});
  return 0;
}
