// ProducerIds: numbers for idempotent producers, out of blocks that the controller hands to this
// broker. A block that is not used up is lost with the process: ids are never used twice.
#pragma once

#include <cstdint>

#include "base/ids.h"
#include "broker/quorum.h"
#include "runtime/task.h"
#include "runtime/wait.h"

namespace millrace::broker {

class ProducerIds {
 public:
  /// Borrows `quorum`.
  explicit ProducerIds(Quorum& quorum) : quorum_(quorum) {}
  ProducerIds(const ProducerIds&) = delete;
  ProducerIds& operator=(const ProducerIds&) = delete;

  /// A number nobody has had. Waits for a block when there is none.
  /// Errors: kCoordinatorLoadInProgress when no block can be had now; clients retry.
  runtime::Task<ProducerId> next();

 private:
  runtime::Task<> fetch_block();

  Quorum& quorum_;
  int64_t next_ = 0;
  int64_t end_ = 0;
  bool fetching_ = false;
  runtime::WaitQueue fetched_;
};

}  // namespace millrace::broker
