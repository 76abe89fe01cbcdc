// Leader hints: an answer that says "not here" also says where, and how to get there, so that the
// client need not ask for metadata first. Source: KIP-951.
#pragma once

#include "broker/node.h"
#include "broker/partition.h"
#include "broker/request.h"
#include "broker/server.h"

namespace millrace::broker {

/// Whether an error of this code comes with a hint.
inline bool has_leader_hint(Errc code) {
  return code == Errc::kNotLeaderOrFollower || code == Errc::kFencedLeaderEpoch;
}

/// Names the leader of `partition` in one partition of an answer.
template <class PartitionAnswer>
void hint_leader(const Node& node, const Partition& partition, PartitionAnswer& answer) {
  answer.current_leader.leader_id = node.id;
  answer.current_leader.leader_epoch = partition.leader_epoch();
}

/// The endpoints that hints refer to: ours, for only this broker leads here.
template <class Answer>
void hint_endpoints(Request& request, Answer& answer) {
  const Node& node = request.node();
  const runtime::Address address = node.server.advertised_to(request.connection());
  answer.node_endpoints = request.arena().make_array<typename Answer::NodeEndpoint>(1);
  answer.node_endpoints[0].node_id = node.id;
  answer.node_endpoints[0].host = request.arena().copy(address.host);
  answer.node_endpoints[0].port = address.port;
}

}  // namespace millrace::broker
