// RingQueue: a queue in one block of memory, which it keeps. Unlike std::deque it costs nothing
// while it was never used, and allocates nothing once it is as large as it gets.
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <utility>

#include "base/check.h"

namespace millrace {

/// Bounds: the caller's; it grows by doubling and never shrinks. Requires: T can be moved and has a
/// default, which is what empty places hold.
template <class T>
class RingQueue {
 public:
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

  T& operator[](size_t index) { return places_[place(index)]; }
  const T& operator[](size_t index) const { return places_[place(index)]; }
  T& front() { return (*this)[0]; }
  const T& front() const { return (*this)[0]; }

  void push_back(T value) {
    if (size_ == capacity_) grow();
    places_[place(size_++)] = std::move(value);
  }
  void pop_front() {
    DCHECK(size_ > 0);
    front() = T();
    first_ = place(1);
    --size_;
  }

  template <class Queue, class Value>
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = Value*;
    using reference = Value&;

    Iterator() = default;
    Iterator(Queue* queue, size_t index) : queue_(queue), index_(index) {}
    Value& operator*() const { return (*queue_)[index_]; }
    Value* operator->() const { return &**this; }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++index_;
      return before;
    }
    bool operator==(const Iterator& other) const { return index_ == other.index_; }

   private:
    Queue* queue_ = nullptr;
    size_t index_ = 0;
  };
  auto begin() { return Iterator<RingQueue, T>(this, 0); }
  auto end() { return Iterator<RingQueue, T>(this, size_); }
  auto begin() const { return Iterator<const RingQueue, const T>(this, 0); }
  auto end() const { return Iterator<const RingQueue, const T>(this, size_); }

 private:
  // The capacity is a power of two.
  size_t place(size_t index) const { return (first_ + index) & (capacity_ - 1); }

  void grow() {
    const size_t capacity = capacity_ == 0 ? 4 : 2 * capacity_;
    auto places = std::make_unique<T[]>(capacity);
    for (size_t i = 0; i < size_; ++i) places[i] = std::move((*this)[i]);
    places_ = std::move(places);
    capacity_ = capacity;
    first_ = 0;
  }

  std::unique_ptr<T[]> places_;
  size_t capacity_ = 0;
  size_t first_ = 0;
  size_t size_ = 0;
};

}  // namespace millrace
