// The values in force on a node: layers of settings, from Kafka's defaults up to what was changed
// while running, and which of them wins. The one owner of that decision.
// Not for what settings exist (base/settings.h). Pure: reads no file and no environment.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/settings.h"

namespace millrace {

/// Where a value came from; a later layer wins over an earlier one.
enum class SettingLayer : uint8_t {
  kZeroConfig,      ///< zero_config_rows(), for a node that was given nothing
  kFile,            ///< server.properties
  kCommandLine,     ///< --set NAME=VALUE and the flags that stand for settings
  kDynamicDefault,  ///< changed while running, for every broker
  kDynamicBroker,   ///< changed while running, for this broker
};
inline constexpr size_t kSettingLayers = 5;
std::string_view to_string(SettingLayer layer);

namespace detail {

struct NameRow {
  SettingScope scope;
  std::string_view name;
  SettingType type;
  bool nullable;  ///< has no value unless somebody sets it
};
constexpr bool is_null(std::nullptr_t) {
  return true;
}
constexpr bool is_null(std::string_view) {
  return false;
}
inline constexpr auto kNameRows = [] {
  constexpr std::nullptr_t kNull = nullptr;
  constexpr std::nullptr_t kRequired = nullptr;
  return std::to_array<NameRow>({
#define MILLRACE_SETTING(scope, name, type, unit, fallback, allowed, change, importance, \
                         visibility, state, synonyms, sentence)                          \
  NameRow{SettingScope::scope, name, SettingType::type,                                  \
          is_null(fallback) && std::string_view(synonyms).empty()},
#include "schema/settings.def"
  });
}();

/// A setting's name as a template argument, so that a misspelt one does not compile.
template <size_t kSize>
struct SettingName {
  char text[kSize];
  consteval SettingName(const char (&literal)[kSize]) {  // NOLINT: a literal is a name
    for (size_t i = 0; i < kSize; ++i) text[i] = literal[i];
  }
  constexpr std::string_view view() const { return {text, kSize - 1}; }
};

[[noreturn]] void
no_such_setting_in_settings_def();  // not constexpr, not defined: only its name matters

/// Its place in kNameRows and setting_rows(); does not compile for a name that has no row.
template <SettingScope kScope, SettingName kName>
consteval size_t row_index() {
  for (size_t i = 0; i < kNameRows.size(); ++i) {
    if (kNameRows[i].scope == kScope && kNameRows[i].name == kName.view()) return i;
  }
  no_such_setting_in_settings_def();
}

template <SettingType kType>
struct CppType {
  using type = std::string;
};
template <>
struct CppType<SettingType::kBoolean> {
  using type = bool;
};
template <>
struct CppType<SettingType::kInt> {
  using type = int64_t;
};
template <>
struct CppType<SettingType::kShort> {
  using type = int64_t;
};
template <>
struct CppType<SettingType::kLong> {
  using type = int64_t;
};
template <>
struct CppType<SettingType::kDouble> {
  using type = double;
};
template <>
struct CppType<SettingType::kList> {
  using type = std::vector<std::string>;
};

/// The value as its C++ type: plain where there always is one, else optional.
template <size_t kRow>
auto typed(const SettingValue& value) {
  using T = typename CppType<kNameRows[kRow].type>::type;
  if constexpr (kNameRows[kRow].nullable) {
    const T* held = std::get_if<T>(&value);
    return held == nullptr ? std::optional<T>() : std::optional<T>(*held);
  } else {
    const T* held = std::get_if<T>(&value);
    return held == nullptr ? T{} : *held;
  }
}

}  // namespace detail

/// A broker's settings. Copies freely; a copy is a snapshot.
class Settings {
 public:
  struct Entry {
    std::string text;   ///< as it was given
    std::string where;  ///< "server.properties:12", "--set"
  };
  using Layer = std::map<std::string, Entry, std::less<>>;

  Settings();

  /// Sets one value. A name of the form "listener.name.NAME.SETTING" is checked as SETTING.
  /// Errors: kInvalidSetting for an unknown name or a bad value, prefixed with `where`; nothing
  /// changes then.
  Result<> set(SettingLayer layer, std::string_view name, std::string_view text,
               std::string_view where);

  /// Keeps a name that has no row: plug-ins read their settings so. It shows in DescribeConfigs.
  void set_unchecked(SettingLayer layer, std::string_view name, std::string_view text,
                     std::string_view where);

  /// Replaces a whole layer, as the metadata log does. Bad entries are left out and returned.
  std::vector<Error> replace(SettingLayer layer, const std::map<std::string, std::string>& values,
                             std::string_view where);

  /// Installs zero_config_rows().
  void use_zero_config();

  /// The value in force: `settings.get<"socket.request.max.bytes">()`. Integers come in the row's
  /// unit; what may be unset is optional; a setting that heads a row of synonyms
  /// ("log.retention.ms") stands for them all. Bounds: O(1).
  template <detail::SettingName kName>
  auto get() const {
    constexpr size_t kRow = detail::row_index<SettingScope::kBroker, kName>();
    return detail::typed<kRow>(values_[kRow]);
  }

  /// The value in force of one row, synonyms included. Requires: a broker's row.
  const SettingValue& value(const SettingInfo& row) const;
  /// The value of exactly this name, synonyms aside: what DescribeConfigs shows.
  SettingValue own_value(const SettingInfo& row) const;
  /// The value for one listener: its override, or the base setting's. Requires: a broker's row.
  SettingValue for_listener(std::string_view listener, const SettingInfo& row) const;

  /// The first of these names that any layer sets, strongest layer first, in `unit`; null if none
  /// does and no default is left. This is how topics and groups inherit.
  SettingValue first_set(const std::vector<std::string_view>& names, std::string_view unit) const;

  const Layer& layer(SettingLayer layer) const { return layers_[static_cast<size_t>(layer)]; }
  /// The strongest entry of exactly this name among the layers up to `up_to`; nullptr if none.
  const Entry* find(std::string_view name, SettingLayer up_to = SettingLayer::kDynamicBroker) const;

 private:
  void refresh(std::string_view name);

  std::array<Layer, kSettingLayers> layers_;
  std::vector<SettingValue> values_;  ///< by row
};

/// The settings of one topic or group: its own, else the broker's, else the default.
/// Keeps values, not references: build it anew when either side changes.
template <SettingScope kScope>
class ResourceSettings {
 public:
  /// Own values that do not parse are passed over, as if they were not set: they were checked when
  /// they were written, and a newer Kafka may have written them.
  ResourceSettings(const Settings& broker, const std::map<std::string, std::string>& own);

  /// `topic.get<"retention.ms">()`. Bounds: O(rows before it) at compile time, O(1) at run time.
  template <detail::SettingName kName>
  auto get() const {
    constexpr size_t kRow = detail::row_index<kScope, kName>();
    return detail::typed<kRow>(values_[kRow - first_row()]);
  }
  /// Requires: a row of this scope.
  const SettingValue& value(const SettingInfo& row) const;

 private:
  static size_t first_row();
  std::vector<SettingValue> values_;  ///< by row, from this scope's first
};
using TopicSettings = ResourceSettings<SettingScope::kTopic>;
using GroupSettings = ResourceSettings<SettingScope::kGroup>;

/// node.id, or its older name. Errors: kInvalidSetting when neither is set.
Result<BrokerId> node_id(const Settings& settings);

/// Rules between settings ("at least 1 MiB of log.cleaner.dedupe.buffer.size per thread").
/// Errors: kInvalidSetting, all broken rules in one text.
Result<> check_settings(const Settings& settings);

/// Rules between a topic's settings (min.compaction.lag.ms <= max.compaction.lag.ms).
Result<> check_topic_settings(const TopicSettings& topic);

/// What a configuration file held besides good values.
struct SettingsReport {
  std::vector<std::string> unbuilt;    ///< names of parts not built yet
  std::vector<std::string> no_effect;  ///< names with nothing to act on
  std::vector<std::string> unknown;    ///< "file:12: \"x\" is unknown; did you mean \"y\"?"
  size_t unknown_untold = 0;           ///< so many more are unknown: the first say enough
  /// One line for each kind that is there, for the log.
  std::vector<std::string> warnings() const;
};

/// Reads a server.properties into the layer kFile. Unknown names are kept and reported, as Kafka
/// does; `file` is its name in messages.
/// Errors: kInvalidSetting with every bad value, one line each.
Result<SettingsReport> load_properties(Settings& settings, std::string_view text,
                                       std::string_view file);

}  // namespace millrace
