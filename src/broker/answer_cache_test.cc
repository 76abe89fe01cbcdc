#include "broker/answer_cache.h"

#include <string>

#include "base/testing.h"

namespace millrace::broker {
namespace {

const runtime::Address kHere{"here", 9092};

struct Asked {
  int16_t version = 1;
  runtime::Address advertised = kHere;
  std::string body = "all";

  AnswerCache::Question question() const {
    return {kafka::ApiKey::kMetadata, version, advertised, as_bytes(body)};
  }
};

void insert(AnswerCache& cache, const Asked& asked, Offset end, std::string_view answer) {
  cache.insert(asked.question(), end, Buffer(as_bytes(answer)));
}
std::string find(AnswerCache& cache, const Asked& asked, Offset end) {
  const auto found = cache.find(asked.question(), end);
  return found ? std::string(as_text(found->bytes())) : "(none)";
}

TEST_CASE("an answer is for the same words, version and address, and for no others") {
  AnswerCache cache;
  insert(cache, {}, Offset(5), "answer");
  CHECK(find(cache, {}, Offset(5)) == "answer");
  CHECK(find(cache, {.version = 2}, Offset(5)) == "(none)");
  CHECK(find(cache, {.advertised = {"here", 9093}}, Offset(5)) == "(none)");
  CHECK(find(cache, {.advertised = {"her", 9092}, .body = "eall"}, Offset(5)) == "(none)");
  CHECK(find(cache, {.body = "al"}, Offset(5)) == "(none)");
}

TEST_CASE("when the metadata has changed, every answer is forgotten") {
  AnswerCache cache;
  insert(cache, {}, Offset(5), "old");
  insert(cache, {.body = "one"}, Offset(5), "old");
  CHECK(find(cache, {}, Offset(6)) == "(none)");
  CHECK(cache.bytes() == 0);
  insert(cache, {}, Offset(6), "new");
  CHECK(find(cache, {}, Offset(6)) == "new");
  CHECK(find(cache, {.body = "one"}, Offset(6)) == "(none)");
}

TEST_CASE("it never holds more than it may") {
  AnswerCache cache(10'000);
  for (int i = 0; i < 1'000; ++i) {
    const Asked asked{.body = std::to_string(i)};
    insert(cache, asked, Offset(1), std::string(static_cast<size_t>(i) * 20, 'x'));
    CHECK(cache.bytes() <= 10'000);
    // In between it is a matter of what a buffer reserves.
    if (i * 20 < 4'000) CHECK(find(cache, asked, Offset(1)) != "(none)");
    if (i * 20 > 10'000) CHECK(find(cache, asked, Offset(1)) == "(none)");
  }
}

}  // namespace
}  // namespace millrace::broker
