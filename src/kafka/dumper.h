// Writes a message as one line of JSON for a person: logs, `log dump`, test failures. Long bytes
// are abbreviated, so what it writes is for reading and not for reading back.
#pragma once

#include <fmt/core.h>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "kafka/wire.h"

namespace millrace::kafka {

class Dumper {
 public:
  /// Shows the fields that `version` has.
  Dumper(std::string& out, int16_t version) : out_(out), version_(version) {}
  int16_t version() const { return version_; }

  void open(char bracket) {
    out_ += bracket;
    first_ = true;
  }
  void close(char bracket) {
    out_ += bracket;
    first_ = false;
  }
  void key(std::string_view name);
  void element();
  void null() { out_ += "null"; }

  void value(bool yes) { out_ += yes ? "true" : "false"; }
  void value(int64_t number);
  void value(double number);
  void value(std::string_view text);
  void value(Bytes bytes);
  void value(const Uuid& id);
  void value(const Records& records) { value(records.bytes); }
  void value(Offset offset) { value(offset.value); }
  void value(Timestamp timestamp) { value(timestamp.ms); }
  void value(const TopicId& id) { value(id.value); }
  template <class T>
    requires(std::is_integral_v<T> && !std::is_same_v<T, bool>)
  void value(T number) {
    value(static_cast<int64_t>(number));
  }
  template <class Tag, class Rep, Rep kDefault>
  void value(Id<Tag, Rep, kDefault> id) {
    value(static_cast<int64_t>(id.value));
  }
  template <class T>
  void value(std::span<T> values) {
    open('[');
    for (const T& each : values) {
      element();
      value(each);
    }
    close(']');
  }
  template <class T>
  void value(const std::optional<T>& maybe) {
    if (maybe) return value(*maybe);
    null();
  }

  // Numbers and texts, which most fields are, are one call each from generated code.
  void field(std::string_view name, bool yes);
  void field(std::string_view name, int64_t number);
  void field(std::string_view name, double number);
  void field(std::string_view name, std::string_view text);
  void field(std::string_view name, const std::optional<std::string_view>& text);
  void field(std::string_view name, const Uuid& id);
  void field(std::string_view name, const TopicId& id) { field(name, id.value); }
  void field(std::string_view name, Offset offset) { field(name, offset.value); }
  void field(std::string_view name, Timestamp timestamp) { field(name, timestamp.ms); }
  template <class Tag, class Rep, Rep kDefault>
  void field(std::string_view name, Id<Tag, Rep, kDefault> id) {
    field(name, static_cast<int64_t>(id.value));
  }
  template <class T>
    requires(std::is_integral_v<T> && !std::is_same_v<T, bool>)
  void field(std::string_view name, T number) {
    field(name, static_cast<int64_t>(number));
  }
  template <class T>
    requires(!std::is_integral_v<T>)
  void field(std::string_view name, const T& what) {
    key(name);
    value(what);
  }

 private:
  std::string& out_;
  int16_t version_;
  bool first_ = true;
};

}  // namespace millrace::kafka
