// What members of a consumer group tell each other through the broker: subscriptions and
// assignments, by members of any client. The coordinator's short look sees what a member sees.
#include "base/check.h"
#include "client/consumer_protocol.h"
#include "group/subscription.h"

namespace millrace::client {
namespace {

bool same(const MemberSubscription& a, const MemberSubscription& b) {
  return a.topics == b.topics && a.owned == b.owned && a.generation == b.generation;
}

void run(Bytes input) {
  if (const auto subscription = decode_subscription(input)) {
    const auto again = decode_subscription(encode_subscription(*subscription));
    CHECK(again.has_value() && same(*again, *subscription));
    const auto topics = group::topics_of(input);
    CHECK(topics == group::TopicNames(subscription->topics.begin(), subscription->topics.end()));
  } else {
    CHECK(subscription.error().code() == Errc::kInvalidRequest);
    CHECK(!subscription.error().detail().empty());
  }
  if (const auto assignment = decode_assignment(input)) {
    const auto again = decode_assignment(encode_assignment(*assignment));
    CHECK(again.has_value() && *again == *assignment);
  } else {
    CHECK(assignment.error().code() == Errc::kInvalidRequest);
    CHECK(!assignment.error().detail().empty());
  }
}

}  // namespace
}  // namespace millrace::client

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  millrace::client::run({data, size});
  return 0;
}
