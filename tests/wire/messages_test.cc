// Every message in every version: random ones go through decode and encode and come back byte for
// byte; damaged ones are refused or read, but never crash, and never take more memory than allowed.
#include "kafka/message_table.h"

#include <fmt/core.h>

#include "random_message.h"

#include "base/testing.h"

namespace millrace::kafka {
namespace {

constexpr uint64_t kSeed = 20260821;
constexpr int kMessagesPerVersion = 12;
constexpr int kDamagesPerMessage = 24;

std::string hex(Bytes bytes) {
  std::string text;
  for (const uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

struct Recoded {
  Result<> result;
  Buffer bytes;
  size_t trailing;
  size_t arena_used;
};

Recoded recode(const MessageInfo& message, int16_t version, Bytes bytes) {
  Reader reader(bytes);
  Arena arena;
  Buffer out;
  Writer writer(out);
  Result<> result = message.recode(reader, version, arena, writer);
  return {std::move(result), writer.flatten(), reader.left(), arena.used()};
}

template <class Visit>
void for_each_message(Visit visit) {
  Random random(kSeed);
  for (const MessageInfo& message : message_table()) {
    for (int16_t version = message.version_min; version <= message.version_max; ++version) {
      for (int i = 0; i < kMessagesPerVersion; ++i) {
        const uint64_t seed = random.next();
        CAPTURE(message.name);
        CAPTURE(version);
        CAPTURE(seed);
        Random own(seed);
        visit(message, version, own);
      }
    }
  }
}

TEST_CASE("every message in every version comes back byte for byte") {
  for_each_message([](const MessageInfo& message, int16_t version, Random& random) {
    const Buffer bytes = random_message(message.name, version, random);
    const Recoded once = recode(message, version, bytes);
    INFO(hex(bytes));
    if (!once.result) FAIL(once.result.error().message());
    CHECK(once.trailing == 0);
    CHECK(hex(once.bytes) == hex(bytes));
    CHECK(once.arena_used <= arena_bytes_max(bytes.size()));
  });
}

TEST_CASE("a message cut short is refused") {
  for_each_message([](const MessageInfo& message, int16_t version, Random& random) {
    const Buffer bytes = random_message(message.name, version, random);
    if (bytes.empty()) return;
    const Bytes cut = bytes.bytes().first(random.below(bytes.size()));
    const Recoded once = recode(message, version, cut);
    CHECK(!once.result);
    CHECK(once.result.error().code() == Errc::kInvalidRequest);
    CHECK(once.arena_used <= arena_bytes_max(cut.size()));
  });
}

TEST_CASE(
    "damaged bytes are refused or read, within the memory bound, and what is read is stable") {
  for_each_message([](const MessageInfo& message, int16_t version, Random& random) {
    Buffer bytes = random_message(message.name, version, random);
    if (bytes.empty()) return;
    for (int i = 0; i < kDamagesPerMessage; ++i) {
      uint8_t& byte = bytes.data()[random.below(bytes.size())];
      const uint8_t before = byte;
      byte = random.chance(0.5) ? static_cast<uint8_t>(byte ^ (1 << random.below(8)))
                                : static_cast<uint8_t>(random.chance(0.5) ? 0xff : random.next());
      const Recoded once = recode(message, version, bytes);
      REQUIRE(once.arena_used <= arena_bytes_max(bytes.size()));
      if (once.result) {
        const Recoded twice = recode(message, version, once.bytes);
        REQUIRE(twice.result);
        REQUIRE(hex(twice.bytes) == hex(once.bytes));
      } else {
        REQUIRE(once.result.error().code() == Errc::kInvalidRequest);
      }
      if (random.chance(0.7)) byte = before;
    }
  });
}

TEST_CASE("a version that a message does not have is refused by name") {
  for (const MessageInfo& message : message_table()) {
    for (const int16_t version :
         {int16_t{-1}, static_cast<int16_t>(message.version_max + 1), int16_t{INT16_MAX}}) {
      const Recoded once = recode(message, version, {});
      REQUIRE(!once.result);
      CHECK(once.result.error().code() == Errc::kUnsupportedVersion);
      CHECK(once.result.error().detail().starts_with(message.name));
    }
  }
}

TEST_CASE("every message can be dumped") {
  for_each_message([](const MessageInfo& message, int16_t version, Random& random) {
    const Buffer bytes = random_message(message.name, version, random);
    Reader reader(bytes);
    Arena arena;
    std::string text;
    REQUIRE(message.dump(reader, version, arena, text));
    CHECK(text.starts_with('{'));
    CHECK(text.ends_with('}'));
  });
}

}  // namespace
}  // namespace millrace::kafka
