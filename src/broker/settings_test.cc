// Settings in force on a broker: what it refuses to start with, and what changes while it runs.
#include <string>

#include "broker/log_settings.h"
#include "kafka/messages/incremental_alter_configs.h"

#include "base/testing.h"
#include "broker/test_broker.h"

namespace millrace::broker {
namespace {

Settings settings_of(const TestBroker::NamedSettings& named) {
  Settings settings;
  for (const auto& [name, value] : named) {
    REQUIRE(settings.set(SettingLayer::kFile, name, value, "test"));
  }
  return settings;
}

TEST_CASE("the metadata log lives in log.dirs, and another place for it is refused by name") {
  CHECK(data_directory(settings_of({{"log.dirs", "/data"}})).value() == "/data");
  CHECK(data_directory(settings_of({{"log.dirs", "/data"}, {"metadata.log.dir", "/data/"}})));
  const Result<std::string> refused =
      data_directory(settings_of({{"log.dirs", "/data"}, {"metadata.log.dir", "/meta"}}));
  REQUIRE(!refused);
  CHECK(refused.error().code() == Errc::kInvalidSetting);
  CHECK(refused.error().message().find("metadata.log.dir is /meta") != std::string::npos);
}

TEST_CASE("a node that is to be less than a whole cluster does not start") {
  simulation::World world(1);
  simulation::Node& machine = world.add_node("broker");
  Settings settings = settings_of({{"node.id", "1"},
                                   {"process.roles", "broker"},
                                   {"listeners", "PLAINTEXT://broker:9092"},
                                   {"log.dirs", "/data"}});
  std::shared_ptr<Broker> broker;
  machine.start([&](runtime::Env& env) {
    broker = std::make_shared<Broker>(env, settings);
    return broker;
  });
  const Result<> started = world.run(machine, broker->start());
  REQUIRE(!started);
  CHECK(started.error().code() == Errc::kInvalidSetting);
  CHECK(started.error().message().find("process.roles is broker") != std::string::npos);
}

// Of all brokers.
void alter(TestBroker& t, TestClient& client, std::string_view name, std::string_view value) {
  kafka::IncrementalAlterConfigsRequest::Config config{.name = name, .value = value};
  kafka::IncrementalAlterConfigsRequest::Resource resource{.resource_type = 4,
                                                           .configs = {&config, 1}};
  const kafka::IncrementalAlterConfigsRequest request{.resources = {&resource, 1}};
  const auto answer = client.call<kafka::IncrementalAlterConfigsResponse>(1, request);
  REQUIRE(answer);
  REQUIRE(answer->responses.size() == 1);
  REQUIRE_MESSAGE(answer->responses[0].error_code == 0,
                  answer->responses[0].error_message.value_or(""));
  t.world.run_for(seconds(1));
}

TEST_CASE("max.connections changes while the broker runs, and holds after a restart") {
  TestBroker t;
  {
    TestClient client = t.connect();
    alter(t, client, "max.connections", "1");
    const TestClient waiting = t.connect();
    t.world.run_for(seconds(1));
    CHECK(t.broker->status().connections == 1);
  }
  t.stop();
  t.start();
  const TestClient client = t.connect();
  const TestClient waiting = t.connect();
  t.world.run_for(seconds(1));
  CHECK(t.broker->status().connections == 1);
}

}  // namespace
}  // namespace millrace::broker
