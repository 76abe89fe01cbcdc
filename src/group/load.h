// How a shard comes to its state: record by record from its log, then one step that makes it live.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "group/actions.h"
#include "group/shard.h"

namespace millrace::group {

/// Errors: kCorruptMessage; the state is as before.
Result<> replay(Shard& shard, const Record& record, ProducerId producer);
void end_transaction(Shard& shard, ProducerId producer, TransactionResult result);

/// Every member's session begins anew, for nobody could reach this shard until now; groups that
/// have become too large rebalance.
void start(Shard& shard, Now now);

}  // namespace millrace::group
