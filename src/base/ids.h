// Distinct types for numbers that are easily confused: an Offset is no LeaderEpoch.
// Kafka's word for each Kafka thing; `.value` is the number as it stands on the wire.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

#include "base/uuid.h"

namespace millrace {

/// A number with a name. Compares and hashes; does not convert.
template <class Tag, class Rep, Rep kDefault = Rep{}>
struct Id {
  using rep = Rep;
  Rep value = kDefault;

  constexpr Id() = default;
  constexpr explicit Id(Rep v) : value(v) {}
  friend constexpr auto operator<=>(Id, Id) = default;
};

using BrokerId = Id<struct BrokerIdTag, int32_t, -1>;  ///< node.id; -1 = none
using PartitionIndex = Id<struct PartitionIndexTag, int32_t, -1>;
using LeaderEpoch = Id<struct LeaderEpochTag, int32_t, -1>;  ///< -1 = unknown
using ProducerId = Id<struct ProducerIdTag, int64_t, -1>;    ///< -1 = not idempotent
using ProducerEpoch = Id<struct ProducerEpochTag, int16_t, -1>;
using GenerationId = Id<struct GenerationIdTag, int32_t, -1>;  ///< of a classic group

inline constexpr BrokerId kNoBroker{-1};
inline constexpr LeaderEpoch kNoLeaderEpoch{-1};
inline constexpr ProducerId kNoProducerId{-1};
inline constexpr ProducerEpoch kNoProducerEpoch{-1};

/// The position of a record in its partition. Units: records. -1 = none.
struct Offset {
  int64_t value = -1;

  constexpr Offset() = default;
  constexpr explicit Offset(int64_t v) : value(v) {}
  friend constexpr auto operator<=>(Offset, Offset) = default;

  constexpr Offset operator+(int64_t records) const { return Offset(value + records); }
  constexpr Offset operator-(int64_t records) const { return Offset(value - records); }
  constexpr int64_t operator-(Offset other) const { return value - other.value; }
  constexpr Offset next() const { return Offset(value + 1); }
};
inline constexpr Offset kNoOffset{-1};

/// A topic's identity (KIP-516). Names are reused after deletion; ids never are.
struct TopicId {
  Uuid value;
  friend constexpr auto operator<=>(const TopicId&, const TopicId&) = default;
  bool is_zero() const { return value.is_zero(); }
};

}  // namespace millrace

template <class Tag, class Rep, Rep kDefault>
struct std::hash<millrace::Id<Tag, Rep, kDefault>> {
  size_t operator()(millrace::Id<Tag, Rep, kDefault> id) const {
    return std::hash<Rep>()(id.value);
  }
};
template <>
struct std::hash<millrace::Offset> {
  size_t operator()(millrace::Offset offset) const { return std::hash<int64_t>()(offset.value); }
};
template <>
struct std::hash<millrace::TopicId> {
  size_t operator()(const millrace::TopicId& id) const {
    return std::hash<millrace::Uuid>()(id.value);
  }
};
