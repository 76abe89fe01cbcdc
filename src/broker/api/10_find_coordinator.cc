// FindCoordinator, v0 to v6: which broker coordinates a group. From v4 several keys at once.
//
// Promises: creates `__consumer_offsets` when the first client asks, and answers once it is there.
// Differences: transactions are not offered, and their key type gets
// TRANSACTIONAL_ID_AUTHORIZATION_FAILED, which clients treat as final; share groups are not either:
// INVALID_REQUEST.
#include "broker/api/handlers.h"
#include "broker/auto_create.h"
#include "broker/node.h"
#include "broker/request.h"
#include "broker/server.h"
#include "kafka/messages/find_coordinator.h"
#include "metadata/topic_name.h"

namespace millrace::broker {
namespace {

using kafka::FindCoordinatorRequest;
using kafka::FindCoordinatorResponse;
using Coordinator = FindCoordinatorResponse::Coordinator;

constexpr int16_t kFirstVersionWithKeys = 4;
constexpr int16_t kFirstVersionWithErrorText = 1;

enum KeyType : int8_t { kGroup = 0, kTransaction = 1, kShare = 2 };

Error refusal(int8_t key_type) {
  if (key_type == kTransaction) {
    return {Errc::kTransactionalIdAuthorizationFailed,
            "transactions are not offered by this broker"};
  }
  return {Errc::kInvalidRequest, key_type == kShare ? "share groups are not offered by this broker"
                                                    : "unknown coordinator type"};
}

void refuse(Coordinator& coordinator, const Error& error, Arena& arena) {
  coordinator.node_id = kNoBroker;
  coordinator.port = -1;
  coordinator.error_code = error.kafka_code();
  coordinator.error_message = arena.copy(error.message());
}

}  // namespace

runtime::Task<> handle_find_coordinator(Request* request) {
  const auto wanted = co_await request->decode<FindCoordinatorRequest>();
  Arena& arena = request->arena();
  Coordinator found;
  if (wanted.key_type != kGroup) {
    refuse(found, refusal(wanted.key_type), arena);
  } else if (const Result<> there = co_await as_result(
                 ensure_internal_topic(&request->node(), metadata::kOffsetsTopic));
             !there) {
    refuse(found, Error(Errc::kCoordinatorNotAvailable, there.error().message()), arena);
  } else {
    const runtime::Address address = request->node().server.advertised_to(request->connection());
    found.node_id = request->node().id;
    found.host = arena.copy(address.host);
    found.port = address.port;
  }
  FindCoordinatorResponse answer;
  if (request->version() >= kFirstVersionWithKeys) {
    answer.coordinators = arena.make_array<Coordinator>(wanted.coordinator_keys.size());
    for (size_t i = 0; i < wanted.coordinator_keys.size(); ++i) {
      answer.coordinators[i] = found;
      answer.coordinators[i].key = wanted.coordinator_keys[i];
    }
  } else {
    answer.error_code = found.error_code;
    if (request->version() >= kFirstVersionWithErrorText) {
      answer.error_message = found.error_message;
    }
    answer.node_id = found.node_id;
    answer.host = found.host;
    answer.port = found.port;
  }
  co_await request->answer(answer);
}

}  // namespace millrace::broker
