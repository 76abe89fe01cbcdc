#include "random_message.h"

#include <limits>
#include <span>
#include <vector>

namespace millrace::kafka {
namespace {

enum Type : uint8_t {
  kBool,
  kInt8,
  kInt16,
  kUint16,
  kInt32,
  kUint32,
  kInt64,
  kFloat64,
  kUuid,
  kString,
  kBytes,
  kRecords,
  kStruct
};

constexpr int64_t kNullDefault = std::numeric_limits<int64_t>::min() + 1;

struct FieldShape {
  int depth;
  std::string_view name;
  Type type;
  bool array;
  int low, high;
  int null_low, null_high;
  int tag;
  int64_t default_value;
  bool classic;

  bool in(int version) const { return version >= low && version <= high; }
  bool nullable(int version) const { return version >= null_low && version <= null_high; }
};

constexpr FieldShape kFields[] = {
#define MILLRACE_SHAPE(...)
#define MILLRACE_FIELD(...) {__VA_ARGS__},
#include "kafka/messages/shapes.def"
#undef MILLRACE_SHAPE
#undef MILLRACE_FIELD
    {},
};

struct MessageShape {
  std::string_view name;
  int flexible_from;
  size_t first;  // of kFields
};

const std::vector<MessageShape>& shapes() {
  static const std::vector<MessageShape> table = [] {
    std::vector<MessageShape> made;
    size_t field = 0;
#define MILLRACE_SHAPE(name, low, high, flexible) made.push_back({#name, flexible, field});
#define MILLRACE_FIELD(...) ++field;
#include "kafka/messages/shapes.def"
#undef MILLRACE_SHAPE
#undef MILLRACE_FIELD
    made.push_back({"", 0, field});
    return made;
  }();
  return table;
}

class Build {
 public:
  Build(int version, bool flexible, Random& random)
      : version_(version), flexible_(flexible), random_(random) {}

  /// Writes the fields of one struct; returns whether all of them are at their defaults.
  bool fields(Buffer& out, std::span<const FieldShape> rows) {
    bool is_default = true;
    std::vector<std::pair<int, Buffer>> tagged;
    for (size_t i = 0; i < rows.size();) {
      const FieldShape& field = rows[i];
      size_t end = i + 1;
      while (end < rows.size() && rows[end].depth > field.depth) ++end;
      const auto inner = rows.subspan(i + 1, end - i - 1);
      i = end;
      if (!field.in(version_)) continue;
      if (field.tag < 0) {
        is_default = value(out, field, inner) && is_default;
        continue;
      }
      Buffer body;
      const bool omitted = value(body, field, inner);
      if (!omitted) tagged.emplace_back(field.tag, std::move(body));
      is_default = is_default && omitted;
    }
    if (!flexible_) return is_default;
    std::sort(tagged.begin(), tagged.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    uvarint(out, tagged.size());
    for (const auto& [tag, body] : tagged) {
      uvarint(out, static_cast<uint64_t>(tag));
      uvarint(out, body.size());
      out.append(body);
    }
    return is_default;
  }

 private:
  template <class T>
  static void number(Buffer& out, T value) {
    store_be<T>(out.extend(sizeof(T)), value);
  }

  static void uvarint(Buffer& out, uint64_t value) {
    for (; value >= 0x80; value >>= 7) number<uint8_t>(out, static_cast<uint8_t>(value | 0x80));
    number<uint8_t>(out, static_cast<uint8_t>(value));
  }

  void length(Buffer& out, const FieldShape& field, bool is_string, int64_t length) {
    if (flexible_ && !field.classic) {
      uvarint(out, static_cast<uint64_t>(length + 1));
    } else if (is_string) {
      number<int16_t>(out, static_cast<int16_t>(length));
    } else {
      number<int32_t>(out, static_cast<int32_t>(length));
    }
  }

  /// Writes one value; returns whether it is the field's default.
  bool value(Buffer& out, const FieldShape& field, std::span<const FieldShape> inner) {
    const bool is_string = field.type == kString && !field.array;
    if (field.nullable(version_)) {
      const bool is_null = random_.chance(0.25);
      const bool marked = field.type == kStruct && !field.array;
      if (marked) number<int8_t>(out, !is_null ? 1 : field.tag < 0 ? -1 : 0);
      if (is_null && !marked) length(out, field, is_string, -1);
      if (is_null) return field.default_value == kNullDefault;
    }
    if (!field.array) return one(out, field, inner) && field.default_value != kNullDefault;
    const auto count = static_cast<int64_t>(random_.below(4));
    length(out, field, false, count);
    for (int64_t i = 0; i < count; ++i) one(out, field, inner);
    return count == 0 && field.default_value != kNullDefault;
  }

  bool one(Buffer& out, const FieldShape& field, std::span<const FieldShape> inner) {
    switch (field.type) {
      case kStruct:
        return fields(out, inner);
      case kString:
      case kBytes:
      case kRecords:
        return text(out, field);
      case kUuid:
        return uuid(out);
      case kFloat64:
        return integer<uint64_t>(out, field.default_value);
      case kBool:
        number<uint8_t>(out, random_.chance(0.5) ? 1 : 0);
        return out.data()[out.size() - 1] == field.default_value;
      case kInt8:
        return integer<int8_t>(out, field.default_value);
      case kInt16:
        return integer<int16_t>(out, field.default_value);
      case kUint16:
        return integer<uint16_t>(out, field.default_value);
      case kInt32:
        return integer<int32_t>(out, field.default_value);
      case kUint32:
        return integer<uint32_t>(out, field.default_value);
      case kInt64:
        return integer<int64_t>(out, field.default_value);
    }
    return false;
  }

  template <class T>
  bool integer(Buffer& out, int64_t default_value) {
    const auto usual = static_cast<T>(default_value);
    const uint64_t draw = random_.below(8);
    const T value = draw == 0   ? usual
                    : draw == 1 ? T{0}
                    : draw == 2 ? std::numeric_limits<T>::max()
                    : draw == 3 ? std::numeric_limits<T>::min()
                    : draw == 4 ? static_cast<T>(-1)
                                : static_cast<T>(random_.next());
    number<T>(out, value);
    return value == usual;
  }

  bool uuid(Buffer& out) {
    const bool zero = random_.chance(0.25);
    number<uint64_t>(out, zero ? 0 : random_.next());
    number<uint64_t>(out, zero ? 0 : random_.next() | 1);
    return zero;
  }

  bool text(Buffer& out, const FieldShape& field) {
    static constexpr std::string_view kLetters[] = {"a",  "Z",      "7",      ".",         "\"",
                                                    "\n", "\u00e4", "\u20ac", "\U0001f600"};
    Buffer body;
    for (uint64_t left = random_.below(random_.chance(0.05) ? 300 : 6); left > 0; --left) {
      if (field.type == kString) {
        body.append(as_bytes(kLetters[random_.below(std::size(kLetters))]));
      } else {
        number<uint8_t>(body, static_cast<uint8_t>(random_.next()));
      }
    }
    length(out, field, field.type == kString, static_cast<int64_t>(body.size()));
    out.append(body);
    return body.empty();
  }

  int version_;
  bool flexible_;
  Random& random_;
};

}  // namespace

Buffer random_message(std::string_view name, int16_t version, Random& random) {
  for (size_t i = 0; i + 1 < shapes().size(); ++i) {
    const MessageShape& shape = shapes()[i];
    if (shape.name != name) continue;
    Buffer out;
    Build(version, version >= shape.flexible_from, random)
        .fields(out, std::span(kFields).subspan(shape.first, shapes()[i + 1].first - shape.first));
    return out;
  }
  CHECK(false, "no such message");
}

}  // namespace millrace::kafka
