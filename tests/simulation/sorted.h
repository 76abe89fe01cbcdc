// sorted_by: a sorted copy that keeps equal elements in their order. (libstdc++ 12's stable_sort
// calls what clang-19 reports as deprecated.)
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace millrace::scenario {

template <class T, class Key>
std::vector<T> sorted_by(const std::vector<T>& items, Key key) {
  using K = decltype(key(items.front()));
  std::vector<std::pair<K, size_t>> order;
  order.reserve(items.size());
  for (size_t i = 0; i < items.size(); ++i) order.emplace_back(key(items[i]), i);
  std::sort(order.begin(), order.end());
  std::vector<T> sorted;
  sorted.reserve(items.size());
  for (const auto& [k, i] : order) sorted.push_back(items[i]);
  return sorted;
}

}  // namespace millrace::scenario
