#include "base/settings.h"

#include <map>
#include <set>

#include "base/random.h"

#include "base/testing.h"

namespace millrace {
namespace {

std::string detail_of(const Result<SettingValue>& result) {
  return result ? "" : result.error().detail();
}

const SettingInfo& row(SettingScope scope, std::string_view name) {
  const SettingInfo* found = find_setting(scope, name);
  REQUIRE(found != nullptr);
  return *found;
}

TEST_CASE("every row is whole: found by name, with a sentence, and a default that is allowed") {
  std::set<std::pair<SettingScope, std::string_view>> names;
  std::set<SettingScope> closed;
  const SettingInfo* before = nullptr;
  for (const SettingInfo& info : setting_rows()) {
    CAPTURE(info.name);
    CHECK(names.insert({info.scope, info.name}).second);
    CHECK(find_setting(info.scope, info.name) == &info);
    CHECK((info.sentence.ends_with('.') || info.sentence.ends_with('*')));
    CHECK(!closed.contains(info.scope));  // a scope's rows stand together
    if (before != nullptr && before->scope != info.scope) closed.insert(before->scope);
    before = &info;
    if (info.has_default) {
      CHECK(detail_of(parse_setting(info, info.default_text)) == "");
      CHECK(format_setting(default_setting(info)) == info.default_text);
    }
    const bool number = info.type == SettingType::kInt || info.type == SettingType::kShort ||
                        info.type == SettingType::kLong || info.type == SettingType::kDouble;
    CHECK((number || info.unit.empty() || info.name == "max.connections.per.ip.overrides"));
    bool has_default = info.has_default;
    for (const std::string_view synonym : info.chain()) {
      CAPTURE(synonym);
      has_default |= row(SettingScope::kBroker, synonym).has_default;
    }
    // What get() promises: a setting with synonyms always has a value.
    CHECK((info.synonyms.empty() || has_default));
  }
}

TEST_CASE("all names of Kafka 4.3.1 have a row") {
  std::map<SettingScope, int> counts;
  for (const SettingInfo& info : setting_rows()) ++counts[info.scope];
  // 360 of the broker's definition, 3 dynamic throttles, 7 of tiered storage's topic, 2 of the
  // authorizer, and two of ours.
  CHECK(counts[SettingScope::kBroker] == 360 + 3 + 7 + 2 + 2);
  CHECK(counts[SettingScope::kTopic] == 34);
  CHECK(counts[SettingScope::kGroup] == 17);
  CHECK(counts[SettingScope::kClientMetrics] == 3);
  CHECK(counts[SettingScope::kQuota] == 5);
}

TEST_CASE("values are read as Kafka reads them") {
  const auto parse = [](SettingScope scope, std::string_view name, std::string_view text) {
    const Result<SettingValue> value = parse_setting(scope, name, text);
    return value ? format_setting(*value) : "error: " + value.error().detail();
  };
  using enum SettingScope;
  CHECK(parse(kTopic, "retention.ms", " +600000\t") == "600000");
  CHECK(parse(kTopic, "retention.ms", "-1") == "-1");
  CHECK(parse(kTopic, "preallocate", "TRUE") == "true");
  CHECK(parse(kTopic, "cleanup.policy", "compact , delete") == "compact,delete");
  CHECK(parse(kTopic, "cleanup.policy", "") == "");
  CHECK(parse(kTopic, "min.cleanable.dirty.ratio", "1e-1") == "0.1");
  CHECK(parse(kTopic, "compression.gzip.level", "-1") == "-1");
  CHECK(parse(kTopic, "leader.replication.throttled.replicas", "0:1,2:3") == "0:1,2:3");
  CHECK(parse(kTopic, "leader.replication.throttled.replicas", "*") == "*");
  CHECK(parse(kGroup, "share.auto.offset.reset", "by_duration:P1DT2H3M4.5S") ==
        "by_duration:P1DT2H3M4.5S");
  CHECK(parse(kBroker, "group.consumer.migration.policy", "UpGrade") == "UpGrade");
  CHECK(parse(kBroker, "listener.name.internal.ssl.client.auth", "required") == "required");
  CHECK(parse(kBroker, "listener.name.ext.plain.sasl.jaas.config", "x") == "x");
}

TEST_CASE("a bad value is told with name, text, type, unit and range") {
  const auto told = [](SettingScope scope, std::string_view name, std::string_view text) {
    return detail_of(parse_setting(scope, name, text));
  };
  using enum SettingScope;
  CHECK(told(kTopic, "segment.bytes", "12") ==
        "segment.bytes is \"12\", but must be a 32-bit whole number of bytes, at least 1048576");
  CHECK(told(kTopic, "retention.ms", "7d") ==
        "retention.ms is \"7d\", but must be a 64-bit whole number of ms, at least -1");
  CHECK(told(kTopic, "compression.gzip.level", "0") ==
        "compression.gzip.level is \"0\", but must be a 32-bit whole number, 1 to 9, or -1");
  CHECK(told(kTopic, "cleanup.policy", "delete,shred") ==
        "cleanup.policy is \"delete,shred\", but must be a list of any of compact, delete");
  CHECK(told(kBroker, "num.partitions", "99999999999") != "");
  CHECK(told(kBroker, "num.partitions", "") != "");
  CHECK(told(kBroker, "num.partitions", "1.0") != "");
  CHECK(told(kTopic, "min.cleanable.dirty.ratio", "nan") != "");
  CHECK(told(kTopic, "cleanup.policy", "delete,delete") != "");
  CHECK(told(kTopic, "leader.replication.throttled.replicas", "1:-2") != "");
  CHECK(told(kBroker, "listeners", "") != "");
  CHECK(told(kBroker, "log.dirs", std::string(kSettingTextBytesMax + 1, 'x')) != "");
  for (const char* bad : {"P", "PT", "P1H", "PT1D", "PT1", "P1.5D", "PTH", "1D", "PT1H2D", ""}) {
    CAPTURE(bad);
    CHECK(told(kGroup, "share.auto.offset.reset", std::string("by_duration:") + bad) != "");
  }
}

TEST_CASE("a sensitive value is never repeated in an error") {
  const std::string secret(kSettingTextBytesMax + 1, 's');
  const std::string told =
      detail_of(parse_setting(SettingScope::kBroker, "ssl.keystore.password", secret));
  CHECK(told != "");
  CHECK(told.find("ss") == told.find("ssl"));
  CHECK(row(SettingScope::kBroker, "sasl.jaas.config").sensitive());
}

TEST_CASE("an unknown name is answered with what was meant") {
  const auto told = [](SettingScope scope, std::string_view name) {
    return unknown_setting(scope, name).detail();
  };
  CHECK(told(SettingScope::kBroker, "log.retenton.ms") ==
        "there is no broker setting \"log.retenton.ms\"; did you mean \"log.retention.ms\"?");
  CHECK(told(SettingScope::kTopic, "retention.sm") ==
        "there is no topic setting \"retention.sm\"; did you mean \"retention.ms\"?");
  CHECK(told(SettingScope::kBroker, "retention.ms") ==
        "there is no broker setting \"retention.ms\"; it is a topic's, and for all topics it is "
        "called log.retention.ms");
  CHECK(told(SettingScope::kBroker, "zookeeper.connect") ==
        "there is no broker setting \"zookeeper.connect\" in Kafka 4: Kafka 4 has no ZooKeeper; "
        "remove it.");
  CHECK(told(SettingScope::kBroker, "frobnicate") == "there is no broker setting \"frobnicate\"");
}

TEST_CASE("numbers print as Java prints them") {
  CHECK(format_setting(0.5) == "0.5");
  CHECK(format_setting(1.0) == "1.0");
  CHECK(format_setting(0.0) == "0.0");
  CHECK(format_setting(2147483647.0) == "2.147483647E9");
  CHECK(format_setting(1e7) == "1.0E7");
  CHECK(format_setting(9999999.0) == "9999999.0");
  CHECK(format_setting(0.001) == "0.001");
  CHECK(format_setting(0.00012) == "1.2E-4");
  CHECK(format_setting(std::numeric_limits<double>::max()) == "1.7976931348623157E308");
  CHECK(format_setting(std::numeric_limits<double>::infinity()) == "Infinity");
}

TEST_CASE("units convert, -1 stays, and what is too large stops at the largest") {
  CHECK(convert_unit(168, "h", "ms") == 604'800'000);
  CHECK(convert_unit(3, "min", "s") == 180);
  CHECK(convert_unit(90'000, "ms", "min") == 1);
  CHECK(convert_unit(-1, "h", "ms") == -1);
  CHECK(convert_unit(7, "bytes", "bytes") == 7);
  CHECK(convert_unit(std::numeric_limits<int64_t>::max(), "h", "ms") ==
        std::numeric_limits<int64_t>::max());
}

TEST_CASE("any text gives a value or an error, and a value prints to what parses to itself") {
  const uint64_t seed = 20'260'101;
  CAPTURE(seed);
  Random random(seed);
  constexpr std::string_view kAlphabet = "0123456789-+.,eE: \ttrufalsecompactdelete*PTHMS\xff";
  for (int i = 0; i < 20'000; ++i) {
    const SettingInfo& info = setting_rows()[random.below(setting_rows().size())];
    std::string text;
    for (uint64_t n = random.below(12); n > 0; --n)
      text += kAlphabet[random.below(kAlphabet.size())];
    CAPTURE(info.name);
    CAPTURE(text);
    const Result<SettingValue> value = parse_setting(info, text);
    if (!value) {
      CHECK(value.error().code() == Errc::kInvalidSetting);
      continue;
    }
    CHECK(parse_setting(info, format_setting(*value)) == *value);
  }
}

}  // namespace
}  // namespace millrace
