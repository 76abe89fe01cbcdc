#include "base/setting_values.h"

#include <fmt/core.h>

#include "base/testing.h"

namespace millrace {
namespace {

using enum SettingLayer;

void put(Settings& settings, SettingLayer layer, std::string_view name, std::string_view text) {
  const Result<> result = settings.set(layer, name, text, "here");
  INFO(name);
  REQUIRE(result);
}

TEST_CASE("without anything set, values are Kafka's defaults") {
  const Settings settings;
  CHECK(settings.get<"socket.request.max.bytes">() == 104'857'600);
  CHECK(settings.get<"auto.create.topics.enable">());
  CHECK(settings.get<"log.cleaner.min.cleanable.ratio">() == 0.5);
  CHECK(settings.get<"compression.type">() == "producer");
  CHECK(settings.get<"log.cleanup.policy">() == std::vector<std::string>{"delete"});
  CHECK(settings.get<"durability">() == "sync");
  CHECK(!settings.get<"node.id">());
  CHECK(!settings.get<"broker.rack">());
  CHECK(!node_id(settings));
  CHECK(check_settings(settings));
}

TEST_CASE("a later layer wins, and taking it away brings the earlier value back") {
  Settings settings;
  const auto value = [&] { return settings.get<"message.max.bytes">(); };
  put(settings, kFile, "message.max.bytes", "10");
  CHECK(value() == 10);
  put(settings, kCommandLine, "message.max.bytes", "11");
  CHECK(value() == 11);
  CHECK(settings.replace(kDynamicDefault, {{"message.max.bytes", "12"}}, "metadata").empty());
  CHECK(value() == 12);
  CHECK(settings.replace(kDynamicBroker, {{"message.max.bytes", "13"}}, "metadata").empty());
  CHECK(value() == 13);
  CHECK(settings.find("message.max.bytes")->text == "13");
  CHECK(settings.find("message.max.bytes", kCommandLine)->text == "11");
  settings.replace(kDynamicBroker, {}, "metadata");
  settings.replace(kDynamicDefault, {}, "metadata");
  CHECK(value() == 11);
  CHECK(settings.find("num.partitions") == nullptr);
}

TEST_CASE("milliseconds win over minutes and hours in one layer, a later layer over both") {
  Settings settings;
  const auto value = [&] { return settings.get<"log.retention.ms">(); };
  CHECK(value() == 604'800'000);
  put(settings, kFile, "log.retention.hours", "1");
  CHECK(value() == 3'600'000);
  put(settings, kFile, "log.retention.minutes", "2");
  CHECK(value() == 120'000);
  put(settings, kFile, "log.retention.ms", "3");
  CHECK(value() == 3);
  put(settings, kCommandLine, "log.retention.hours", "-1");
  CHECK(value() == -1);
  // Each name still has a value of its own, for those who ask for exactly that.
  const SettingInfo& minutes = *find_setting(SettingScope::kBroker, "log.retention.minutes");
  CHECK(format_setting(settings.own_value(minutes)) == "2");

  CHECK(settings.get<"log.flush.interval.ms">() == std::numeric_limits<int64_t>::max());
  put(settings, kFile, "log.flush.scheduler.interval.ms", "4");
  CHECK(settings.get<"log.flush.interval.ms">() == 4);
}

TEST_CASE("a topic's own value wins over the broker's, in its own unit") {
  Settings settings;
  put(settings, kFile, "log.roll.hours", "2");
  put(settings, kFile, "message.max.bytes", "99");
  const TopicSettings plain(settings, {});
  CHECK(plain.get<"segment.ms">() == 7'200'000);
  CHECK(plain.get<"max.message.bytes">() == 99);
  CHECK(plain.get<"retention.ms">() == 604'800'000);
  CHECK(!plain.get<"internal.segment.bytes">());
  const TopicSettings own(settings, {{"segment.ms", "5"}, {"max.message.bytes", "not a number"}});
  CHECK(own.get<"segment.ms">() == 5);
  CHECK(own.get<"max.message.bytes">() == 99);
  settings.replace(kDynamicBroker, {{"log.roll.ms", "6"}}, "metadata");
  CHECK(TopicSettings(settings, {}).get<"segment.ms">() == 6);
  CHECK(GroupSettings(settings, {}).get<"consumer.session.timeout.ms">() == 45'000);
}

TEST_CASE("a listener may have values of its own") {
  Settings settings;
  const SettingInfo& row = *find_setting(SettingScope::kBroker, "max.connections");
  put(settings, kFile, "listener.name.internal.max.connections", "5");
  CHECK(format_setting(settings.for_listener("INTERNAL", row)) == "5");
  CHECK(format_setting(settings.for_listener("EXTERNAL", row)) == "2147483647");
  CHECK(settings.get<"max.connections">() == 2'147'483'647);
}

TEST_CASE("what is set badly changes nothing and says where") {
  Settings settings;
  const Result<> bad = settings.set(kCommandLine, "num.partitions", "0", "--set");
  REQUIRE(!bad);
  CHECK(bad.error().detail() ==
        "--set: num.partitions is \"0\", but must be a 32-bit whole number of partitions, at least "
        "1");
  CHECK(settings.get<"num.partitions">() == 1);
  CHECK(settings.layer(kCommandLine).empty());
  CHECK(
      settings.replace(kDynamicBroker, {{"num.partitions", "0"}, {"nonsense", "1"}}, "m").size() ==
      2);
}

TEST_CASE("zero configuration is a whole cluster on this machine, and only below everything") {
  Settings settings;
  settings.use_zero_config();
  CHECK(node_id(settings) == BrokerId(1));
  CHECK(settings.get<"listeners">() == std::vector<std::string>{"PLAINTEXT://127.0.0.1:9092"});
  CHECK(settings.get<"offsets.topic.replication.factor">() == 1);
  put(settings, kFile, "node.id", "4");
  CHECK(node_id(settings) == BrokerId(4));
}

TEST_CASE("a server.properties is taken as it is, with one warning for all that is ignored") {
  Settings settings;
  const Result<SettingsReport> report = load_properties(settings,
                                                        "process.roles=broker,controller\n"
                                                        "node.id=7\n"
                                                        "ssl.keystore.location=/a\n"
                                                        "num.io.threads=8\n"
                                                        "ssl.key.password=secret\n"
                                                        "ssl.key.password=secret\n"
                                                        "log.retention.hour=4\n"
                                                        "confluent.something=x\n",
                                                        "server.properties");
  REQUIRE(report);
  CHECK(node_id(settings) == BrokerId(7));
  CHECK(settings.find("node.id")->where == "server.properties:2");
  CHECK(settings.find("confluent.something")->text == "x");
  const std::vector<std::string> warnings = report->warnings();
  REQUIRE(warnings.size() == 2);
  CHECK(warnings[0] ==
        "ignored; not built yet: ssl.keystore.location, ssl.key.password; nothing to act on here: "
        "num.io.threads");
  CHECK(warnings[1] ==
        "unknown settings are ignored: server.properties:7: there is no broker setting "
        "\"log.retention.hour\"; did you mean \"log.retention.hours\"?; server.properties:8: there "
        "is no broker setting \"confluent.something\"");
}

TEST_CASE("a file of nothing but unknown names is loaded at once, and told in part") {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += fmt::format("{}.{:0>5}=1\n", std::string(60, 'o'), i);
  Settings settings;
  const Result<SettingsReport> report = load_properties(settings, text, "server.properties");
  REQUIRE(report);
  CHECK(report->unknown.size() + report->unknown_untold == 10'000);
  CHECK(report->unknown.size() == 50);
  CHECK(report->warnings().front().ends_with("; and 9950 more"));
}

TEST_CASE("every bad value of a file is told at once, with its line") {
  Settings settings;
  const Result<SettingsReport> report = load_properties(
      settings, "num.partitions=x\nnode.id=1\nlog.segment.bytes=1\n", "server.properties");
  REQUIRE(!report);
  CHECK(report.error().detail() ==
        "server.properties:1: num.partitions is \"x\", but must be a 32-bit whole number of "
        "partitions, at least 1\n"
        "server.properties:3: log.segment.bytes is \"1\", but must be a 32-bit whole number of "
        "bytes, at least 1048576");
  // What it becomes, the segment.bytes of a topic, has the same bound.
  CHECK(!load_properties(settings, "offsets.topic.segment.bytes=1048575\n", "f"));
  CHECK(load_properties(settings, "offsets.topic.segment.bytes=1048576\n", "f"));
  CHECK(load_properties(settings, "a=\\u1", "f").error().detail().starts_with("f: line 1: "));
}

TEST_CASE("settings that contradict each other are refused, all at once") {
  Settings settings;
  put(settings, kFile, "log.retention.ms", "0");
  put(settings, kFile, "broker.id", "1");
  put(settings, kFile, "node.id", "2");
  const Result<> result = check_settings(settings);
  REQUIRE(!result);
  CHECK(result.error().detail().find("log.retention.ms") != std::string::npos);
  CHECK(result.error().detail().find("node.id") != std::string::npos);
  CHECK(check_topic_settings(TopicSettings(Settings(), {})));
  CHECK(!check_topic_settings(
      TopicSettings(Settings(), {{"min.compaction.lag.ms", "5"}, {"max.compaction.lag.ms", "4"}})));
}

}  // namespace
}  // namespace millrace
