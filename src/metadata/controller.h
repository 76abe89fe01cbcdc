// The controller: decides what may change in the cluster, as a pure machine. A request goes in;
// records and a reply come out. Nothing changes until the records are replayed, so the host runs
//
//   Outcome outcome = controller.create_topics(request, arena);
//   append outcome.records to __cluster_metadata as one batch; on failure drop this controller
//   controller.replay(outcome.records, offset of the first)
//   once that offset is committed: publish to the image others read, then send outcome.reply
//
// and handles one request after the other up to the second step. Replies of requests without
// records may be sent once everything replayed before them is committed.
// Not for the log, the disk or the network, and not for who may ask: that is checked before.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/ids.h"
#include "base/random.h"
#include "base/result.h"
#include "base/setting_values.h"
#include "base/time.h"
#include "kafka/messages/allocate_producer_ids.h"
#include "kafka/messages/alter_configs.h"
#include "kafka/messages/broker_heartbeat.h"
#include "kafka/messages/broker_registration.h"
#include "kafka/messages/create_partitions.h"
#include "kafka/messages/create_topics.h"
#include "kafka/messages/delete_topics.h"
#include "kafka/messages/elect_leaders.h"
#include "kafka/messages/incremental_alter_configs.h"
#include "kafka/messages/unregister_broker.h"
#include "metadata/image.h"
#include "metadata/record.h"

namespace millrace::metadata {

/// What a request leads to. The records belong together: they are appended in one batch.
/// Lifetime: views; texts and arrays lie in the Arena the request was handed in with, in the
/// request or in the controller's image, and are to be written out before any of these changes.
template <class Reply>
struct Outcome {
  Records records;
  Reply reply;
};

/// A request of a user leads to at most this many records; what would need more is refused.
inline constexpr size_t kRecordsPerRequestMax = 10'000;

/// How many producer ids a broker gets at once.
inline constexpr int32_t kProducerIdBlock = 1'000;

struct ControllerOptions {
  BrokerId node;           ///< this node
  std::string cluster_id;  ///< brokers of another cluster are refused
};

class Controller {
 public:
  /// `settings` are this node's; its dynamic layers are taken from the image instead.
  /// Lifetime: settings and random outlive the controller.
  Controller(ControllerOptions options, const Settings& settings, Random& random, Image image);

  const Image& image() const { return image_; }

  /// Applies records that were appended, the first at `first`.
  /// Errors: as Image::replay; the controller must not be used afterwards.
  Result<> replay(const Records& records, Offset first);

  /// What a controller does when it becomes the active one: on an empty log it writes the bootstrap
  /// records; it aborts a metadata transaction that its predecessor left open.
  /// Errors: kNewerFormat when a feature is finalised at a level that is not known here.
  Result<Records> activate(const Records& bootstrap, bool open_transaction, MonoTime now);

  // Topics. Each topic of a request has its own error; the others still happen.
  Outcome<kafka::CreateTopicsResponse> create_topics(const kafka::CreateTopicsRequest& request,
                                                     Arena& arena);
  Outcome<kafka::CreatePartitionsResponse> create_partitions(
      const kafka::CreatePartitionsRequest& request, Arena& arena);
  Outcome<kafka::DeleteTopicsResponse> delete_topics(const kafka::DeleteTopicsRequest& request,
                                                     int16_t version, Arena& arena);
  Outcome<kafka::ElectLeadersResponse> elect_leaders(const kafka::ElectLeadersRequest& request,
                                                     Arena& arena);

  // Configs of topics, brokers (by number, or empty for all), groups and client metrics. Each
  // resource has its own error, and changes wholly or not at all.
  Outcome<kafka::IncrementalAlterConfigsResponse> incremental_alter_configs(
      const kafka::IncrementalAlterConfigsRequest& request, Arena& arena);
  Outcome<kafka::AlterConfigsResponse> alter_configs(const kafka::AlterConfigsRequest& request,
                                                     Arena& arena);

  // Brokers. `next` is the offset the first record will have. What a broker's coming and going does
  // to partitions may take more records than kRecordsPerRequestMax; each stands for itself, so the
  // host may append them in several batches, in order.
  Outcome<kafka::BrokerRegistrationResponse> register_broker(
      const kafka::BrokerRegistrationRequest& request, MonoTime now, Offset next, Arena& arena);
  Outcome<kafka::BrokerHeartbeatResponse> heartbeat(const kafka::BrokerHeartbeatRequest& request,
                                                    MonoTime now, Offset next, Arena& arena);
  Outcome<kafka::UnregisterBrokerResponse> unregister_broker(
      const kafka::UnregisterBrokerRequest& request, Arena& arena);
  /// Fences the one broker whose session ended longest ago; nothing when all are alive.
  Records fence_stale_broker(MonoTime now, Arena& arena);
  /// When fence_stale_broker may next have something to do; kNever without live brokers.
  MonoTime next_session_end() const;

  Outcome<kafka::AllocateProducerIdsResponse> allocate_producer_ids(
      const kafka::AllocateProducerIdsRequest& request);

 private:
  struct Session {
    MonoTime heard;
    Offset metadata_offset{-1};
    Offset shutdown_offset{-1};  // it may stop once every live broker knows it led nothing here
  };
  struct TopicPlan;
  struct ResourceChange;
  enum class BrokerState : uint8_t { kFenced, kUnfenced, kControlledShutdown, kShutdownNow };

  // controller_topics.cc
  Result<> plan_topic(const kafka::CreateTopicsRequest::Topic& topic, const Settings& settings,
                      TopicPlan& plan, Arena& arena);
  Result<> plan_assigned(const kafka::CreateTopicsRequest::Topic& topic, TopicPlan& plan) const;
  Result<> plan_placed(const kafka::CreateTopicsRequest::Topic& topic, TopicPlan& plan);
  Result<> plan_partitions(const kafka::CreatePartitionsRequest::Topic& topic, Records& records,
                           Arena& arena);
  Result<> check_replicas(std::span<const BrokerId> replicas, size_t factor) const;
  Result<Record> partition_record(TopicId topic, PartitionIndex index,
                                  std::span<const BrokerId> replicas, Arena& arena) const;
  Result<Record> elect_one(std::string_view topic, PartitionIndex index, int8_t type,
                           Arena& arena) const;
  TopicId new_topic_id();

  // controller_configs.cc
  template <class Response, class Request, class ConfigAfter>
  Outcome<Response> alter_each(const Request& request, Arena& arena, ConfigAfter config_after);
  Result<> change_config(const ResourceChange& change, Records& records, Arena& arena) const;
  Result<> check_resource_exists(const ConfigResource& resource) const;

  // controller_brokers.cc
  Result<Broker> checked_broker(BrokerId id, int64_t epoch) const;
  Result<> check_registration(const kafka::BrokerRegistrationRequest& request, MonoTime now) const;
  BrokerState next_state(const Broker& broker, const kafka::BrokerHeartbeatRequest& request) const;
  void fence(const Broker& broker, Records& records, Arena& arena) const;
  void unfence(const Broker& broker, Records& records, Arena& arena) const;
  void begin_controlled_shutdown(const Broker& broker, Records& records, Arena& arena) const;
  void change_directories(const Broker& broker, const kafka::BrokerHeartbeatRequest& request,
                          BrokerState state, Records& records, Arena& arena) const;
  void leave_partitions(BrokerId broker, Records& records, Arena& arena) const;
  void add_record(const RecordBody& body, Records& records) const;
  Offset registration_offset(const Broker& broker) const;
  Duration session_timeout() const;

  ControllerOptions options_;
  const Settings& settings_;
  Random& random_;
  Image image_;
  std::map<BrokerId, Session> sessions_;  // soft: a new controller gives everybody a fresh one
  std::map<BrokerId, Offset> registration_offsets_;
};

/// The settings in force on a node: its own layers, and what the image changed while running.
/// Entries of the image that are not valid here are left out.
Settings effective_settings(const Settings& settings, const Image& image, BrokerId node);

}  // namespace millrace::metadata
