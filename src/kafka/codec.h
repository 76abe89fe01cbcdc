// What the generated sources share: the loops over structs, comparison, and the frame around
// decode and encode. Included by generated code only; everybody else wants kafka/messages/*.h.
//
// For each struct S a generated source has, as static functions found by overload,
//   bool read(Reader&, int16_t version, Arena&, S&);
//   bool write(Writer&, int16_t version, const S&);
//   void dump(Dumper&, int16_t version, const S&);
#pragma once

#include <bit>
#include <optional>
#include <span>
#include <string_view>

#include "kafka/dumper.h"
#include "kafka/wire.h"

namespace millrace::kafka {

// Structs and arrays of structs

template <class T>
bool read_elements(Reader& r, int16_t version, Arena& arena, std::span<T>& out, int64_t count) {
  out = arena.make_array<T>(static_cast<size_t>(count));
  for (size_t i = 0; i < out.size(); ++i) {
    if (!read(r, version, arena, out[i])) [[unlikely]]
      return r.at(i);
  }
  return true;
}
template <class T>
bool read_array(Reader& r, int16_t version, Arena& arena, std::span<T>& out, bool flexible,
                size_t element_bytes) {
  int64_t count = 0;
  return r.read_count(count, flexible, false, element_bytes) &&
         read_elements(r, version, arena, out, count);
}
template <class T>
bool read_array(Reader& r, int16_t version, Arena& arena, std::optional<std::span<T>>& out,
                bool flexible, bool nullable, size_t element_bytes) {
  int64_t count = 0;
  if (!r.read_count(count, flexible, nullable, element_bytes)) return false;
  if (count >= 0) return read_elements(r, version, arena, out.emplace(), count);
  out.reset();
  return true;
}
template <class T>
bool read_nullable(Reader& r, int16_t version, Arena& arena, std::optional<T>& out) {
  bool present = false;
  if (!r.read_presence(present)) return false;
  if (present) return read(r, version, arena, out.emplace());
  out.reset();
  return true;
}

template <class T>
bool write_array(Writer& w, int16_t version, std::span<T> values, bool flexible) {
  if (!w.write_count(values.size(), flexible)) return false;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!write(w, version, values[i])) [[unlikely]]
      return w.at(i);
  }
  return true;
}
template <class T>
bool write_array(Writer& w, int16_t version, const std::optional<std::span<T>>& values,
                 bool flexible, bool nullable) {
  return values ? write_array(w, version, *values, flexible)
                : w.write_null_array(flexible, nullable);
}
template <class T>
bool write_nullable(Writer& w, int16_t version, const std::optional<T>& value) {
  w.write_presence(value.has_value());
  return !value || write(w, version, *value);
}

template <class T>
void dump_field(Dumper& d, int16_t version, std::string_view name, const T& value) {
  d.key(name);
  dump(d, version, value);
}
template <class T>
void dump_field(Dumper& d, int16_t version, std::string_view name, const std::optional<T>& value) {
  if (value) return dump_field(d, version, name, *value);
  d.key(name);
  d.null();
}
template <class T>
void dump_field(Dumper& d, int16_t version, std::string_view name, std::span<T> values) {
  d.key(name);
  d.open('[');
  for (const T& value : values) {
    d.element();
    dump(d, version, value);
  }
  d.close(']');
}

// Equality by value, spans included

template <class T>
bool same(const T& a, const T& b) {
  return a == b;
}
inline bool same(double a, double b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}
template <class T>
bool same(std::span<T> a, std::span<T> b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!(a[i] == b[i])) return false;
  }
  return true;
}
template <class T>
bool same(const std::optional<T>& a, const std::optional<T>& b) {
  return a.has_value() == b.has_value() && (!a || same(*a, *b));
}

// Whole messages

/// What to say when `version` is none of the message's, or else what the Reader or Writer met.
[[gnu::cold]] Error decode_error(const Reader& r, std::string_view message, int16_t version,
                                 int16_t version_min, int16_t version_max);
[[gnu::cold]] Error encode_error(const Writer& w, std::string_view message, int16_t version,
                                 int16_t version_min, int16_t version_max);

template <class M>
bool has_version(int16_t version) {
  return version >= M::kVersionMin && version <= M::kVersionMax;
}

template <class M>
Result<M> decode_message(Reader& r, int16_t version, Arena& arena) {
  Result<M> message{std::in_place};
  if (!has_version<M>(version) || !read(r, version, arena, *message)) [[unlikely]]
    return fail(decode_error(r, M::kName, version, M::kVersionMin, M::kVersionMax));
  return message;
}

template <class M>
Result<> encode_message(Writer& w, int16_t version, const M& message) {
  if (!has_version<M>(version) || !write(w, version, message)) [[unlikely]]
    return fail(encode_error(w, M::kName, version, M::kVersionMin, M::kVersionMax));
  return {};
}

template <class M>
void dump_message(std::string& out, int16_t version, const M& message) {
  Dumper d(out);
  dump(d, version, message);
}

}  // namespace millrace::kafka
