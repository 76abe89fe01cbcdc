// What the APIs share that name several groups: each group's shard is asked for its own, and the
// replies are put together in the order of the request. For the files of this folder only.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "broker/group_host.h"
#include "broker/group_shard.h"
#include "broker/node.h"
#include "broker/request.h"

namespace millrace::broker {

/// Where each group is to be asked for.
struct GroupRoutes {
  struct Route {
    std::shared_ptr<GroupShard> shard;
    std::vector<std::string_view> groups;
    std::vector<size_t> positions;  ///< of those groups in the request
  };
  std::vector<Route> routes;
  /// Groups without a shard, by position, and why.
  std::map<size_t, Errc> refused;
};

inline runtime::Task<GroupRoutes> route_groups(Node* node, std::span<std::string_view> groups) {
  GroupRoutes routes;
  std::map<const GroupShard*, size_t> by_shard;
  for (size_t i = 0; i < groups.size(); ++i) {
    const auto shard = co_await as_result(node->groups.shard_for(groups[i]));
    if (!shard) {
      routes.refused.emplace(i, shard.error().code());
      continue;
    }
    const auto [entry, is_new] = by_shard.emplace(shard->get(), routes.routes.size());
    if (is_new) routes.routes.push_back({.shard = *shard});
    routes.routes[entry->second].groups.push_back(groups[i]);
    routes.routes[entry->second].positions.push_back(i);
  }
  co_return routes;
}

}  // namespace millrace::broker
