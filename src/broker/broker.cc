#include "broker/broker.h"

#include <fmt/format.h>

#include <map>
#include <string>

#include "base/logging.h"
#include "broker/answer_cache.h"
#include "broker/api/api.h"
#include "broker/fetch_session.h"
#include "broker/fetch_wait.h"
#include "broker/group_host.h"
#include "broker/listeners.h"
#include "broker/load_report.h"
#include "broker/log_settings.h"
#include "broker/node.h"
#include "broker/producer_ids.h"
#include "broker/quorum.h"
#include "broker/topics.h"
#include "metadata/topic_name.h"
#include "runtime/scope.h"

namespace millrace::broker {
namespace {

// Of records on their way to clients. A fetch takes fetch.max.bytes at most, so several large ones
// fit.
constexpr int64_t kAnswerBytesMax = 256 * 1024 * 1024;
constexpr Duration kServeUnservedEvery = seconds(1);
// Those who knock while the broker starts get the loop to themselves.
constexpr Duration kClientsFirst = milliseconds(100);

std::vector<metadata::Endpoint> endpoints_of(const std::vector<ListenerSpec>& listeners) {
  std::vector<metadata::Endpoint> endpoints;
  for (const ListenerSpec& listener : listeners) {
    const std::string& host = listener.advertised.host;
    endpoints.push_back({.name = listener.name,
                         .host = host.empty() ? "localhost" : host,
                         .port = listener.advertised.port});
  }
  return endpoints;
}

// A node without a controller, or one that is nothing else, would be half of a cluster.
Result<> check_roles(const Settings& settings) {
  const auto roles = settings.get<"process.roles">();
  if (!roles || roles->size() == 2) return {};
  return fail(Errc::kInvalidSetting,
              fmt::format("process.roles is {}, and a node that is not both broker and controller "
                          "is not built yet: set it to broker,controller",
                          fmt::join(*roles, ",")));
}

}  // namespace

// In the order in which they are made; what comes later uses what comes before.
struct Broker::Parts final : ImageObserver {
  Parts(runtime::Env& e, const Settings& s, BrokerOptions o)
      : env(e), settings(s), options(o), in_force(s) {}

  runtime::Task<> open(BrokerId id);
  runtime::Task<> load();
  void serve(BrokerId id);
  void on_image(const metadata::Image& image, const metadata::Delta& delta) override;
  void take_settings(const metadata::Image& image);
  void follow_unserved();
  static runtime::Task<> serve_unserved(Parts* parts);
  static runtime::Task<> load_waiting(Parts* parts);

  runtime::Env& env;
  const Settings& settings;  // all layers but the dynamic ones
  BrokerOptions options;
  Settings in_force;
  std::unique_ptr<log::LogDirectory> logs;
  std::optional<Quorum> quorum;
  std::optional<Topics> topics;
  std::optional<ProducerIds> producer_ids;
  std::optional<GroupHost> groups;
  std::optional<FetchSessions> fetch_sessions;
  FetchWaits fetch_waits;
  MemoryBudget answer_budget{kAnswerBytesMax};
  AnswerCache answer_cache;
  std::optional<AppendLine> append_line;
  std::optional<Node> node;
  std::optional<Server> server;
  bool serving_unserved = false;
  runtime::Scope tasks{env.loop};
};

Broker::Broker(runtime::Env& env, Settings settings, BrokerOptions options)
    : env_(env), settings_(std::move(settings)), options_(options) {}

Broker::~Broker() = default;

// Ports first: somebody else on them is found out before anything on disk is touched, and clients
// that come early wait in the backlog.
runtime::Task<> Broker::start() {
  const BrokerId id = co_await node_id(settings_);
  co_await check_roles(settings_);
  auto parts = std::make_unique<Parts>(env_, settings_, options_);
  std::vector<ListenerSpec> listeners = co_await broker_listeners(settings_);
  ServerLimits limits = co_await server_limits(settings_);
  parts->server.emplace(env_, std::move(limits));
  co_await parts->server->listen(std::move(listeners));
  co_await parts->open(id);
  co_await parts->load();
  parts->serve(id);
  parts_ = std::move(parts);
}

runtime::Task<> Broker::Parts::open(BrokerId id) {
  std::string path = co_await data_directory(settings);
  log::LogDirectoryOptions log_options =
      log_directory_options(settings, std::move(path), id, env.random);
  log_options.recovery_checks_crc = options.recovery_checks_crc;
  log_options.journal = options.journal;
  logs = co_await log::LogDirectory::open(env, std::move(log_options));
  quorum.emplace(env, settings, *logs, id);
  co_await quorum->open();
  take_settings(quorum->image());
}

runtime::Task<> Broker::Parts::load() {
  const metadata::Image& image = quorum->image();
  topics.emplace(quorum->node(), in_force, *logs);
  LoadReport report(env.loop);
  std::map<std::string, log::LogDirectory::Facts> by_topic;  // its partitions share them
  co_await logs->load(
      [this, &image, &by_topic](const log::TopicPartition& name) {
        const auto [facts, is_new] = by_topic.try_emplace(name.topic);
        if (is_new) {
          const metadata::Topic* topic = image.find_topic(name.topic);
          facts->second = {topics->log_config(image, name.topic), topic ? topic->id : TopicId()};
        }
        return facts->second;
      },
      [&report](const log::LoadProgress& progress) { report.tell(progress); });
  co_await logs->stable();
  co_await quorum->register_broker(endpoints_of(server->listeners()));
  topics->set_strays_aside(image);
  metadata::Delta everything;
  for (const auto& [topic_id, topic] : image.topics()) {
    for (const auto& [index, partition] : topic.partitions) {
      everything.partitions[topic_id].insert(index);
    }
  }
  topics->apply(image, everything);
}

void Broker::Parts::serve(BrokerId id) {
  producer_ids.emplace(*quorum);
  groups.emplace(env, *topics, group_config(in_force));
  groups->follow_topics();
  follow_unserved();
  fetch_sessions.emplace(env.random.fork(),
                         static_cast<size_t>(std::max<int64_t>(
                             0, in_force.get<"max.incremental.fetch.session.cache.slots">())));
  logs->start_maintenance();
  quorum->set_observer(this);
  node.emplace(Node{.env = env,
                    .id = id,
                    .cluster_id = quorum->cluster_id(),
                    .settings = in_force,
                    .server = *server,
                    .quorum = *quorum,
                    .topics = *topics,
                    .groups = *groups,
                    .producer_ids = *producer_ids,
                    .fetch_sessions = *fetch_sessions,
                    .fetch_waits = fetch_waits,
                    .answer_budget = answer_budget,
                    .answer_cache = answer_cache});
  append_line.emplace(env.loop, [this] { return logs->has_room(); }, logs->room());
  server->start(served_apis(), &*node, &*append_line);
  tasks.spawn("load what waits", load_waiting(this));
}

// What clients ask for meanwhile is loaded when they do (topics.h).
runtime::Task<> Broker::Parts::load_waiting(Parts* parts) {
  LoadReport report(parts->env.loop);
  if (parts->logs->was_clean()) {
    co_await runtime::sleep_until(parts->env.loop.now() + kClientsFirst);
  }
  co_await parts->logs->load_waiting(
      [parts](const log::TopicPartition& name) { return parts->topics->facts_of(name); },
      [parts](const log::TopicPartition& name) {
        parts->topics->on_loaded(name);
        if (name.topic == metadata::kOffsetsTopic) parts->groups->follow_topics();
      },
      [&report](const log::LoadProgress& progress) { report.tell(progress); });
}

void Broker::Parts::on_image(const metadata::Image& image, const metadata::Delta& delta) {
  const bool settings_changed = std::any_of(
      delta.configs.begin(), delta.configs.end(),
      [](const auto& resource) { return resource.type == metadata::ConfigResourceType::kBroker; });
  if (settings_changed) take_settings(image);
  topics->apply(image, delta);
  groups->follow_topics();
  follow_unserved();
  if (delta.removed_topics.empty()) return;
  std::vector<group::DeletedTopic> deleted;
  deleted.reserve(delta.removed_topics.size());
  for (const auto& [id, topic] : delta.removed_topics) deleted.push_back({topic.name, id});
  groups->topics_deleted(deleted);
}

void Broker::Parts::take_settings(const metadata::Image& image) {
  in_force = metadata::effective_settings(settings, image, quorum->node());
  if (Result<ConnectionCounts> counts = connection_counts(in_force); counts) {
    server->set_counts(*std::move(counts));
  } else {
    LOG_ERROR("broker", "the limits of connections stay as they were: {}",
              counts.error().message());
  }
}

// A disk that was full when a topic was created has room again some day.
void Broker::Parts::follow_unserved() {
  if (topics->has_unserved() && !std::exchange(serving_unserved, true)) {
    tasks.spawn("serve what could not be served", serve_unserved(this));
  }
}

runtime::Task<> Broker::Parts::serve_unserved(Parts* parts) {
  while (parts->topics->has_unserved()) {
    co_await runtime::sleep_until(parts->env.loop.now() + kServeUnservedEvery);
    parts->topics->serve_unserved(parts->quorum->image());
    parts->groups->follow_topics();
  }
  parts->serving_unserved = false;
}

// Clients first, then those who write for them, then the metadata, then the files.
runtime::Task<> Broker::stop() {
  co_await parts_->server->stop(kStopLimit);
  parts_->quorum->set_observer(nullptr);
  co_await parts_->tasks.close();
  co_await parts_->groups->stop();
  parts_->topics->close();
  co_await parts_->quorum->close();
  co_await parts_->logs->close(parts_->quorum->broker_epoch());
}

bool Broker::stopped_clean() const {
  return parts_->logs->was_closed_clean();
}

const std::vector<ListenerSpec>& Broker::listeners() const {
  return parts_->server->listeners();
}

const std::string& Broker::directory() const {
  return parts_->logs->path();
}

BrokerStatus Broker::status() const {
  const Parts& parts = *parts_;
  BrokerStatus status;
  status.node = parts.quorum->node();
  status.cluster_id = parts.quorum->cluster_id();
  status.directory = directory();
  status.broker_epoch = parts.quorum->broker_epoch();
  status.controller_epoch = parts.quorum->epoch();
  status.metadata_offset = parts.quorum->committed_offset();
  status.topics = parts.quorum->image().topics().size();
  status.partitions = parts.quorum->image().partition_count();
  status.connections = parts.server->connection_count();
  for (const std::shared_ptr<GroupShard>& shard : parts.groups->shards()) {
    if (shard->state() == GroupShard::State::kActive) {
      status.groups += shard->coordinator().count().groups;
    }
  }
  status.request_bytes = parts.server->receive_budget().held();
  status.answer_bytes = parts.answer_budget.held();
  status.open_segments = parts.logs->open_segments();
  for (const FetchWait* wait : parts.fetch_waits.list()) {
    status.parked_fetches.push_back(wait->describe(env_.loop.now()));
  }
  for (const auto& [name, why] : parts.logs->unloadable()) {
    status.unloadable.push_back(fmt::format("{}: {}", name.to_string(), why.message()));
  }
  for (const auto& [name, log] : parts.logs->partitions()) {
    if (log->failure()) status.failed.push_back(log->failure()->message());
  }
  return status;
}

}  // namespace millrace::broker
