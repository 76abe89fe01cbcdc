// Where a shard puts the records and replies it makes until the host takes them.
#pragma once

#include <memory>
#include <utility>

#include "group/actions.h"

namespace millrace::group {

class Outbox {
 public:
  /// For what the replies and records point to; lives as long as the Actions they leave in.
  Arena& memory() {
    if (!actions_.memory) actions_.memory = std::make_unique<Arena>();
    return *actions_.memory;
  }
  void append(Record record) { actions_.records.push_back(record); }
  void reply(Token token, AnyResponse response) { actions_.replies.push_back({token, response}); }
  Actions take() { return std::exchange(actions_, {}); }

 private:
  Actions actions_;
};

}  // namespace millrace::group
