// Channel<T>: a bounded queue between tasks of one loop. A full channel makes the sender wait, so
// nothing grows without limit.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>

#include "runtime/task.h"
#include "runtime/wait.h"

namespace millrace::runtime {

template <class T>
class Channel {
 public:
  /// Units: capacity in items, at least 1.
  explicit Channel(size_t capacity) : capacity_(capacity) {}

  /// Waits for room. Errors: kClosed once closed; the item is lost then.
  Task<> send(T item) {
    while (items_.size() >= capacity_ && !closed_) co_await room_.wait();
    if (closed_) co_await fail(Errc::kClosed);
    items_.push_back(std::move(item));
    arrived_.wake_one();
  }

  /// Waits for an item. Errors: kClosed once closed and empty.
  Task<T> receive() {
    while (items_.empty() && !closed_) co_await arrived_.wait();
    if (items_.empty()) co_await fail(Errc::kClosed);
    T item = std::move(items_.front());
    items_.pop_front();
    room_.wake_one();
    co_return item;
  }

  /// What was sent can still be received.
  void close() {
    closed_ = true;
    room_.wake_all();
    arrived_.wake_all();
  }

  size_t size() const { return items_.size(); }

 private:
  size_t capacity_;
  std::deque<T> items_;
  bool closed_ = false;
  WaitQueue arrived_;
  WaitQueue room_;
};

}  // namespace millrace::runtime
