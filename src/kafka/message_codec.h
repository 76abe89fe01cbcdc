// What the generated sources share: the loops over structs, comparison, and the frame around
// decode and encode. Included by generated code only; everybody else wants kafka/messages/*.h.
//
// For each struct S a generated source has, as static functions found by overload,
//   bool read(Reader&, S&);
//   bool write(Writer&, const S&);
//   void dump(Dumper&, const S&);
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
bool read_struct(Reader& r, std::optional<T>& out) {
  bool present = false;
  if (!r.read_presence(present)) return false;
  if (present) return read(r, out.emplace());
  out.reset();
  return true;
}
/// `element_bytes` is the least that one takes on the wire.
template <class T>
bool read_structs(Reader& r, std::span<T>& out, size_t element_bytes) {
  size_t count = 0;
  if (!r.read_count(count, element_bytes)) return false;
  out = r.arena().make_array<T>(count);
  r.set_aside(count * element_bytes);
  for (size_t i = 0; i < count; ++i) {
    r.give_back(element_bytes);
    if (!read(r, out[i])) [[unlikely]]
      return r.at(i);
  }
  return true;
}
template <class T>
bool read_structs(Reader& r, std::optional<std::span<T>>& out, size_t element_bytes,
                  bool nullable = true) {
  if (!nullable || !r.take_null(false)) return read_structs(r, out.emplace(), element_bytes);
  out.reset();
  return true;
}

template <class T>
bool write_struct(Writer& w, const std::optional<T>& value, bool tagged) {
  w.write_presence(value.has_value(), tagged);
  return !value || write(w, *value);
}
template <class T>
bool write_structs(Writer& w, std::span<T> values) {
  if (!w.write_count(values.size())) return false;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!write(w, values[i])) [[unlikely]]
      return w.at(i);
  }
  return true;
}
template <class T>
bool write_structs(Writer& w, const std::optional<std::span<T>>& values, bool nullable = true) {
  return values ? write_structs(w, *values) : w.write_null(false, nullable);
}

template <class T>
void dump_field(Dumper& d, std::string_view name, const T& value) {
  d.key(name);
  dump(d, value);
}
template <class T>
void dump_field(Dumper& d, std::string_view name, std::span<T> values) {
  d.key(name);
  d.open('[');
  for (const T& value : values) {
    d.element();
    dump(d, value);
  }
  d.close(']');
}
template <class T>
void dump_field(Dumper& d, std::string_view name, const std::optional<T>& value) {
  if (value) return dump_field(d, name, *value);
  d.key(name);
  d.null();
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

/// Errors: kUnsupportedVersion.
[[gnu::cold]] Error no_such_version(std::string_view message, int16_t version, int16_t version_min,
                                    int16_t version_max);

template <class M>
bool has_version(int16_t version) {
  return version >= M::kVersionMin && version <= M::kVersionMax;
}

template <class M>
Result<M> decode_message(Reader& r, int16_t version, Arena& arena) {
  if (!has_version<M>(version)) [[unlikely]]
    return fail(no_such_version(M::kName, version, M::kVersionMin, M::kVersionMax));
  Result<M> message{std::in_place};
  r.begin_message(version, version >= M::kFlexibleFrom, arena);
  if (!read(r, *message)) [[unlikely]]
    return fail(r.error(M::kName));
  return message;
}

template <class M>
Result<> encode_message(Writer& w, int16_t version, const M& message) {
  if (!has_version<M>(version)) [[unlikely]]
    return fail(no_such_version(M::kName, version, M::kVersionMin, M::kVersionMax));
  w.begin_message(version, version >= M::kFlexibleFrom);
  if (!write(w, message)) [[unlikely]]
    return fail(w.error(M::kName));
  return {};
}

template <class M>
void dump_message(std::string& out, int16_t version, const M& message) {
  Dumper d(out, version);
  dump(d, message);
}

}  // namespace millrace::kafka
