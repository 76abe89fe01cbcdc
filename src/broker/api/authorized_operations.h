// What somebody who may do everything may do, as the bit fields that describe calls answer with:
// bit n for operation n. There is no authorizer, so that is everybody. Source: KIP-430.
#pragma once

#include <cstdint>
#include <initializer_list>

namespace millrace::broker {

enum class AclOperation : int8_t {
  kRead = 3,
  kWrite = 4,
  kCreate = 5,
  kDelete = 6,
  kAlter = 7,
  kDescribe = 8,
  kClusterAction = 9,
  kDescribeConfigs = 10,
  kAlterConfigs = 11,
  kIdempotentWrite = 12,
};

constexpr int32_t operations(std::initializer_list<AclOperation> list) {
  int32_t bits = 0;
  for (const AclOperation operation : list) bits |= 1 << static_cast<int8_t>(operation);
  return bits;
}

inline constexpr int32_t kGroupOperations =
    operations({AclOperation::kRead, AclOperation::kDelete, AclOperation::kDescribe,
                AclOperation::kDescribeConfigs, AclOperation::kAlterConfigs});
inline constexpr int32_t kTopicOperations =
    operations({AclOperation::kRead, AclOperation::kWrite, AclOperation::kCreate,
                AclOperation::kDelete, AclOperation::kAlter, AclOperation::kDescribe,
                AclOperation::kDescribeConfigs, AclOperation::kAlterConfigs});
inline constexpr int32_t kClusterOperations =
    operations({AclOperation::kCreate, AclOperation::kAlter, AclOperation::kDescribe,
                AclOperation::kClusterAction, AclOperation::kDescribeConfigs,
                AclOperation::kAlterConfigs, AclOperation::kIdempotentWrite});

}  // namespace millrace::broker
