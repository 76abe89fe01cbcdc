#include "kafka/api_table.h"

#include "kafka/messages/all.h"

#include "base/testing.h"

namespace millrace::kafka {
namespace {

TEST_CASE("the table holds the APIs of Kafka 4.3 by rising key, without the four that went") {
  CHECK(api_table().size() == 89);
  for (size_t i = 1; i < api_table().size(); ++i) {
    CHECK(api_table()[i - 1].key < api_table()[i].key);
  }
  for (int16_t key = 4; key <= 7; ++key) CHECK(find_api(key) == nullptr);
  CHECK(find_api(-1) == nullptr);
  CHECK(find_api(93) == nullptr);
  CHECK(find_api(INT16_MAX) == nullptr);
  for (const ApiInfo& api : api_table()) CHECK(find_api(static_cast<int16_t>(api.key)) == &api);
}

TEST_CASE("a row says what the messages say") {
  const ApiInfo& fetch = *find_api(FetchRequest::kKey);
  CHECK(fetch.key == ApiKey::kFetch);
  CHECK(fetch.name == "Fetch");
  CHECK(fetch.version_min == FetchRequest::kVersionMin);
  CHECK(fetch.version_max == FetchRequest::kVersionMax);
  CHECK(fetch.flexible_from == FetchRequest::kFlexibleFrom);
  CHECK(fetch.listeners == (kBrokerListener | kControllerListener));
  CHECK(find_api(ProduceRequest::kKey)->listeners == kBrokerListener);
  CHECK(find_api(InitProducerIdRequest::kKey)->version_max == 6);
  CHECK(find_api(InitProducerIdRequest::kKey)->version_max_stable == 5);
}

TEST_CASE("only Produce is advertised from below its real minimum") {
  for (const ApiInfo& api : api_table()) {
    CAPTURE(api.name);
    CHECK(advertised_version_min(api) == (api.key == ApiKey::kProduce ? 0 : api.version_min));
  }
}

TEST_CASE("headers are flexible with their body; the ApiVersions response's never is") {
  const ApiInfo& fetch = *find_api(FetchRequest::kKey);
  CHECK(request_header_version(fetch, 11) == 1);
  CHECK(request_header_version(fetch, 12) == 2);
  CHECK(response_header_version(fetch, 11) == 0);
  CHECK(response_header_version(fetch, 12) == 1);
  const ApiInfo& api_versions = *find_api(ApiVersionsRequest::kKey);
  CHECK(request_header_version(api_versions, 4) == 2);
  CHECK(request_header_version(api_versions, 99) == 2);
  CHECK(response_header_version(api_versions, 4) == 0);
  const ApiInfo& handshake = *find_api(SaslHandshakeRequest::kKey);
  CHECK(request_header_version(handshake, 1) == 1);
  CHECK(response_header_version(handshake, 1) == 0);
}

}  // namespace
}  // namespace millrace::kafka
