// One broker, whole, in a simulated world, and a client that sends it what it likes. Every answer
// can be read by its schema, nobody else is disturbed, and the broker stops in order.
// Shape of an input: steps: a byte that says what to do (see kSteps), then a frame or raw bytes
// with a 16-bit size in front, or a time. A frame is sent with its size and a correlation id of our
// own.
#include <map>

#include "base/check.h"
#include "broker/broker.h"
#include "fuzz/input.h"
#include "kafka/api_table.h"
#include "kafka/message_table.h"
#include "kafka/messages/api_versions.h"
#include "kafka/messages/create_topics.h"
#include "kafka/messages/find_coordinator.h"
#include "kafka/messages/header.h"
#include "simulation/world.h"

namespace millrace::broker {
namespace {

using simulation::World;

constexpr size_t kStepsMax = 24;
constexpr size_t kCorrelationPosition = 4;
const runtime::Address kAddress{"server", 9092};
constexpr Uuid kTopicPlaceholder{0x1234567890abcdef, 0x1234567890abcdef};

Settings broker_settings() {
  Settings settings;
  settings.use_zero_config();
  const auto set = [&](std::string_view name, std::string_view value) {
    CHECK(settings.set(SettingLayer::kCommandLine, name, value, "fuzz").has_value());
  };
  set("log.dirs", "data");
  set("listeners", "PLAINTEXT://server:9092");
  set("offsets.topic.num.partitions", "1");
  set("socket.request.max.bytes", "100000");
  return settings;
}

// One client's end of a connection.
class Peer {
 public:
  Peer(World& world, simulation::Node& machine) : world_(&world), machine_(&machine) {
    auto made = world.run(machine, machine.env().network.connect(kAddress));
    CHECK(made.has_value());
    socket_ = *std::move(made);
  }

  void send_raw(Bytes bytes) {
    raw_sent_ = true;
    send(bytes);
  }
  void end() { socket_->end_write(); }
  void close() { socket_->close(); }

  void send_frame(Bytes content) {
    Buffer frame(content.size() + 4);
    frame.resize(4);
    store_be32(frame.data(), static_cast<uint32_t>(content.size()));
    frame.append(content);
    if (content.size() >= kCorrelationPosition + 4) {
      const uint8_t* const header = content.data();
      store_be32(frame.data() + 4 + kCorrelationPosition, static_cast<uint32_t>(++last_sent_));
      sent_[last_sent_] = {load_be<int16_t>(header), load_be<int16_t>(header + 2)};
    }
    send(frame);
  }
  /// Returns the answer's frame.
  template <class Message>
  Buffer call(int16_t version, const Message& message) {
    Buffer content;
    kafka::Writer writer(content);
    const kafka::RequestHeader header{.request_api_key = Message::kKey,
                                      .request_api_version = version};
    const kafka::ApiInfo& api = *kafka::find_api(Message::kKey);
    CHECK(header.encode(writer, kafka::request_header_version(api, version)).has_value());
    CHECK(message.encode(writer, version).has_value());
    last_answer_.clear();
    send_frame(content);
    world_->run_for(seconds(1));
    receive();
    CHECK(!last_answer_.empty(), "a valid request was not answered");
    return std::move(last_answer_);
  }

  /// Takes what has arrived.
  void receive() {
    std::array<uint8_t, 4096> chunk;
    while (true) {
      const Result<size_t> got = socket_->try_read(chunk);
      if (!got || *got == 0) break;
      received_.append({chunk.data(), *got});
    }
    while (received_.size() >= 4) {
      const size_t size = load_be32(received_.data());
      if (received_.size() < 4 + size) break;
      check_answer(received_.bytes().subspan(4, size));
      received_.drop_front(4 + size);
    }
  }

 private:
  struct Call {
    int16_t key;
    int16_t version;
  };

  void send(Bytes bytes) {
    // It may have been closed to us, or the broker may not read any more.
    (void)world_->run(*machine_, runtime::write_all(socket_.get(), bytes), seconds(1));
    world_->run_for(milliseconds(5));
    receive();
  }

  // Raw bytes may hold requests too; of their answers we know nothing.
  void check_answer(Bytes frame) {
    CHECK(frame.size() >= 4);
    last_answer_ = Buffer(frame);
    const auto found = sent_.find(load_be<int32_t>(frame.data()));
    if (found == sent_.end() || raw_sent_) return;
    const auto [key, version] = found->second;
    const kafka::ApiInfo* const api = kafka::find_api(key);
    CHECK(api != nullptr);
    const int16_t answered = api->has_version(version) ? version : 0;
    kafka::Reader reader(frame);
    Arena arena;
    CHECK(
        kafka::ResponseHeader::decode(reader, kafka::response_header_version(*api, answered), arena)
            .has_value());
    std::string text;
    CHECK(kafka::find_response(key)->dump(reader, answered, arena, text).has_value());
    CHECK(reader.left() == 0);
    sent_.erase(found);
  }

  World* world_;
  simulation::Node* machine_;
  std::unique_ptr<runtime::Socket> socket_;
  Buffer received_;
  std::map<int32_t, Call> sent_;  // by correlation id
  int32_t last_sent_ = 0;
  Buffer last_answer_;
  bool raw_sent_ = false;
};

class Cluster {
 public:
  explicit Cluster(const simulation::FileTree* image)
      : server_(world_.add_node("server")), client_(world_.add_node("client")) {
    world_.set_log_level(std::nullopt);
    if (image != nullptr) server_.disk().load(*image);
    client_.start([](runtime::Env&) { return nullptr; });
    server_.start(
        [this](runtime::Env& env) { return broker_ = std::make_shared<Broker>(env, settings()); });
    CHECK(world_.run(server_, broker_->start()).has_value());
  }
  ~Cluster() { broker_.reset(); }

  World& world() { return world_; }
  Peer connect() { return {world_, client_}; }
  void stop() { CHECK(world_.run(server_, broker_->stop(), seconds(60)).has_value()); }
  std::unique_ptr<simulation::FileTree> image() const { return server_.disk().image(); }

 private:
  static Settings settings() {
    static const Settings* const kSettings = new Settings(broker_settings());
    return *kSettings;
  }

  World world_{1};
  simulation::Node& server_;
  simulation::Node& client_;
  std::shared_ptr<Broker> broker_;
};

// A disk with a topic "orders" of two partitions and the topic of the groups.
struct Prepared {
  std::unique_ptr<simulation::FileTree> disk;
  TopicId orders;
};

Prepared prepare() {
  constexpr int16_t kCreateVersion = 7;
  Cluster cluster(nullptr);
  Peer peer = cluster.connect();
  kafka::CreateTopicsRequest::Topic topic{
      .name = "orders", .num_partitions = 2, .replication_factor = 1};
  const Buffer answer = peer.call(
      kCreateVersion, kafka::CreateTopicsRequest{.topics = {&topic, 1}, .timeout_ms = 1000});
  Arena arena;
  kafka::Reader reader(answer);
  CHECK(kafka::ResponseHeader::decode(reader, 1, arena).has_value());
  const auto created = kafka::CreateTopicsResponse::decode(reader, kCreateVersion, arena);
  CHECK(created.has_value() && created->topics.size() == 1 && created->topics[0].error_code == 0);
  std::string_view group = "g";
  peer.call(4, kafka::FindCoordinatorRequest{.coordinator_keys = {&group, 1}});
  peer.close();
  cluster.stop();
  return {cluster.image(), created->topics[0].topic_id};
}

const Prepared& prepared() {
  static const Prepared* const kPrepared = new Prepared(prepare());
  return *kPrepared;
}

Buffer with_topic_id(Bytes content) {
  Buffer copy(content);
  for (size_t at = 0; at + 16 <= copy.size(); ++at) {
    uint8_t* const id = copy.data() + at;
    if (load_be64(id) != kTopicPlaceholder.high || load_be64(id + 8) != kTopicPlaceholder.low) {
      continue;
    }
    store_be64(id, prepared().orders.value.high);
    store_be64(id + 8, prepared().orders.value.low);
  }
  return copy;
}

enum class Step : uint8_t { kFrame, kRaw, kWait, kEnd, kReconnect };
constexpr Step kSteps[] = {Step::kFrame, Step::kFrame, Step::kFrame, Step::kFrame,
                           Step::kRaw,   Step::kWait,  Step::kEnd,   Step::kReconnect};

void take_step(Cluster& cluster, Peer& peer, fuzz::Input& input) {
  switch (kSteps[input.below(std::size(kSteps))]) {
    case Step::kFrame:
      return peer.send_frame(with_topic_id(input.piece()));
    case Step::kRaw:
      return peer.send_raw(input.piece());
    case Step::kWait:
      return cluster.world().run_for(milliseconds(100) * input.byte());
    case Step::kEnd:
      return peer.end();
    case Step::kReconnect:
      peer.close();
      peer = cluster.connect();
  }
}

void run(Bytes bytes) {
  fuzz::Input input(bytes);
  Cluster cluster(prepared().disk.get());
  Peer bystander = cluster.connect();
  Peer peer = cluster.connect();
  for (size_t steps = 0; steps < kStepsMax && !input.empty(); ++steps) {
    take_step(cluster, peer, input);
  }
  bystander.call(0, kafka::ApiVersionsRequest{});
  peer.receive();
  cluster.stop();
}

}  // namespace
}  // namespace millrace::broker

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  millrace::broker::run({data, size});
  return 0;
}
