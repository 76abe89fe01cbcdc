// Settings: what can be configured. Every setting has one row in schema/settings.def; this header
// turns the rows into facts, and texts into checked values.
// Not for the values in force on a node (base/setting_values.h) nor for files (base/properties.h).
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace millrace {

/// Whose setting it is. A name may occur in several scopes ("min.insync.replicas").
enum class SettingScope : uint8_t { kBroker, kTopic, kGroup, kClientMetrics, kQuota };

/// Kafka's types, with the numbers DescribeConfigs uses for them.
enum class SettingType : int8_t {
  kBoolean = 1,
  kString = 2,
  kInt = 3,
  kShort = 4,
  kLong = 5,
  kDouble = 6,
  kList = 7,
  kClass = 8,
  kPassword = 9,
};

/// When a new value takes effect.
enum class SettingChange : uint8_t { kReadOnly, kPerBroker, kClusterWide, kLive };
enum class SettingImportance : uint8_t { kHigh, kMedium, kLow };
enum class SettingState : uint8_t { kBuilt, kUnbuilt, kNoEffect };
/// Whether DescribeConfigs lists it where nobody set it. kWhenSet: real, but no part of Kafka's own
/// definitions; kInternal: for developers.
enum class SettingVisibility : uint8_t { kPublic, kWhenSet, kInternal };

/// Which values a setting takes, beyond its type.
struct AllowedValues {
  enum class Kind : uint8_t {
    kAny,
    kRange,              ///< low to high, or `exception`
    kWords,              ///< one of `words`; for a list, each item is
    kWordsAnyCase,       ///< the same, upper or lower case
    kNonEmpty,           ///< some text; for a list, items that differ
    kUniqueItems,        ///< a list of items that differ, perhaps none
    kThrottledReplicas,  ///< "*", or partition:broker pairs
    kOffsetReset,        ///< earliest, latest, by_duration:PnDTnHnMnS
  };
  Kind kind = Kind::kAny;
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  double exception = std::numeric_limits<double>::quiet_NaN();
  std::string_view words = {};  ///< separated by commas
  bool may_be_empty = false;    ///< of a list of words

  /// For a person: "1 to 9, or -1"; empty when anything goes.
  std::string describe() const;
};

/// One row. All views are static.
struct SettingInfo {
  SettingScope scope;
  std::string_view name;
  SettingType type;
  std::string_view unit;  ///< "ms", "bytes", ...; empty for what has none
  bool required;          ///< Kafka will not start without it
  bool has_default;       ///< false: null unless somebody sets it
  std::string_view default_text;
  AllowedValues allowed;
  SettingChange change;
  SettingImportance importance;
  SettingVisibility visibility;
  SettingState state;
  std::string_view synonyms;  ///< broker settings that stand for this one, separated by spaces
  std::string_view sentence;

  /// Its value must never be shown.
  bool sensitive() const { return type == SettingType::kPassword; }
  bool is_listed() const { return visibility == SettingVisibility::kPublic; }
  /// The synonyms one by one; of a broker's setting without any, its own name.
  std::vector<std::string_view> chain() const;
};

/// Every row, in the order of schema/settings.def.
std::span<const SettingInfo> setting_rows();

/// The row of exactly this name, or nullptr. Bounds: O(log rows).
const SettingInfo* find_setting(SettingScope scope, std::string_view name);

/// The row that rules a broker's setting, for "listener.name.internal.ssl.keystore.location" the
/// one of "ssl.keystore.location"; nullptr for an unknown name.
const SettingInfo* find_broker_setting(std::string_view name);

/// What follows "listener.name.NAME." and, for login settings, the mechanism; `name` itself
/// elsewhere.
std::string_view without_listener(std::string_view name);

/// What to do about a name Kafka once had; empty for other names.
std::string_view removed_setting_advice(std::string_view name);

/// A value of any type: null, boolean, the integers, double, the texts, list.
using SettingValue =
    std::variant<std::monostate, bool, int64_t, double, std::string, std::vector<std::string>>;

/// The largest text accepted as a value; certificates are values too. Units: bytes.
inline constexpr size_t kSettingTextBytesMax = 256 * 1024;

/// Checks type and range. White space around the text does not count.
/// Errors: kInvalidSetting, with name, text (unless sensitive), type, unit and range.
Result<SettingValue> parse_setting(const SettingInfo& row, std::string_view text);
/// The same by name. Errors: also for an unknown name, with the nearest known one.
Result<SettingValue> parse_setting(SettingScope scope, std::string_view name,
                                   std::string_view text);
/// For an unknown name: what it may have been meant to be, or what became of it.
Error unknown_setting(SettingScope scope, std::string_view name);

/// The text Kafka prints for a value: 0.5, true, a,b; null and the empty list are empty.
std::string format_setting(const SettingValue& value);

/// The row's default; null where it has none.
SettingValue default_setting(const SettingInfo& row);

/// `value` of a setting in `from` units, in `to` units: 168 h is 604800000 ms. -1 means the same in
/// every unit, and what does not fit is the largest value there is.
int64_t convert_unit(int64_t value, std::string_view from, std::string_view to);

/// What a node assumes when nobody hands it a configuration.
struct ZeroConfigRow {
  std::string_view name;
  std::string_view value;
  std::string_view why;
};
std::span<const ZeroConfigRow> zero_config_rows();

std::string_view to_string(SettingScope scope);
std::string_view to_string(SettingType type);
std::string_view to_string(SettingChange change);
std::string_view to_string(SettingImportance importance);
std::string_view to_string(SettingState state);

}  // namespace millrace
