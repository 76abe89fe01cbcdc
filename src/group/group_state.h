// The states of a classic group, and what leads from one to the next.
//
//             a member joins                    all joined, or time is up
//    Empty ------------------> PreparingRebalance -------------------> CompletingRebalance
//      ^                        ^   ^          |                               |
//      |                        |   |          | nobody is left                | the leader syncs
//      +------------------------|---|----------+                               v
//                               |   +--------------------------------------- Stable
//                               +--- someone joins, leaves or falls silent ---- (both)
//
// Source: KIP-62; Kafka's names, which DescribeGroups and ListGroups show.
#pragma once

#include <cstdint>
#include <string_view>

namespace millrace::group {

/// A group that does not exist is Dead in Kafka's words; it has no object here.
enum class GroupState : uint8_t { kEmpty, kPreparingRebalance, kCompletingRebalance, kStable };
inline constexpr std::string_view kDeadStateName = "Dead";

/// Kafka's word: "PreparingRebalance".
std::string_view name(GroupState state);

}  // namespace millrace::group
