// What goes into a shard beside the message itself, and what comes out of it: records for the
// shard's log and replies that wait for them. Not the shard: see coordinator.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/time.h"
#include "kafka/messages/delete_groups.h"
#include "kafka/messages/describe_groups.h"
#include "kafka/messages/heartbeat.h"
#include "kafka/messages/join_group.h"
#include "kafka/messages/leave_group.h"
#include "kafka/messages/list_groups.h"
#include "kafka/messages/offset_commit.h"
#include "kafka/messages/offset_delete.h"
#include "kafka/messages/offset_fetch.h"
#include "kafka/messages/sync_group.h"

namespace millrace::group {

/// The host's name for a request that awaits its reply. Means nothing to the shard; each token
/// that goes in comes out exactly once.
using Token = Id<struct TokenTag, uint64_t>;

/// Both clocks at one moment: deadlines are counted on `mono`, records carry `wall`.
struct Now {
  MonoTime mono;
  Timestamp wall;
};

/// Who asks, and when. Views are needed only during the call.
struct RequestContext {
  Token token;
  int16_t version = 0;           ///< of the request; the reply is encoded with the same
  std::string_view client_id;    ///< from the request header; empty when it was null
  std::string_view client_host;  ///< as Kafka writes an address: "/10.0.0.7"
  Now now;
};

/// One record for the shard's log. No value is a tombstone.
struct Record {
  Bytes key;
  std::optional<Bytes> value;

  size_t bytes() const { return key.size() + (value ? value->size() : 0); }
};

/// How a transaction ended: what its marker in the log says.
enum class TransactionResult : uint8_t { kAbort, kCommit };

struct DeletedTopic {
  std::string_view name;
  TopicId id;
};

using AnyResponse = std::variant<kafka::JoinGroupResponse, kafka::SyncGroupResponse,
                                 kafka::HeartbeatResponse, kafka::LeaveGroupResponse,
                                 kafka::OffsetCommitResponse, kafka::OffsetFetchResponse::Group,
                                 kafka::OffsetDeleteResponse, kafka::DescribeGroupsResponse,
                                 kafka::ListGroupsResponse, kafka::DeleteGroupsResponse>;

struct Reply {
  Token token;
  AnyResponse response;
};

/// What the calls since the last `take_actions` want done. The replies were made from a state that
/// holds all records up to and including these, so none may leave before those are stable.
/// Lifetime: records and replies point into `memory`.
struct Actions {
  std::vector<Record> records;
  std::vector<Reply> replies;
  std::unique_ptr<Arena> memory;

  bool empty() const { return records.empty() && replies.empty(); }
};

/// What a client is told when the log refused the records its reply waited for.
/// Source: Kafka's coordinator, which hides the log's errors in the same way.
Errc coordinator_error(Errc append_error);

/// Turns a reply that may no longer be sent into the same API's way to say `error`: for every
/// partition, member or group where the API has no error of the whole.
void refuse(Reply& reply, Errc error);

}  // namespace millrace::group
