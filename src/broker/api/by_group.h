// What the APIs share that one group's coordinator answers as a whole: find the shard, ask it, hand
// on its reply. For the files of this folder only.
#pragma once

#include <memory>

#include "broker/group_host.h"
#include "broker/group_shard.h"
#include "broker/node.h"
#include "broker/request.h"

namespace millrace::broker {

/// `refuse` makes the answer for when there is no shard to ask.
template <class Wanted, class Answer>
runtime::Task<> serve_by_group(Request* request,
                               void (group::Coordinator::*ask)(const group::RequestContext&,
                                                               const Wanted&),
                               Answer (*refuse)(const Wanted& wanted, Errc why)) {
  const auto wanted = co_await request->decode<Wanted>();
  const Result<std::shared_ptr<GroupShard>> shard =
      co_await as_result(request->node().groups.shard_for(wanted.group_id));
  if (!shard) {
    co_await request->answer(refuse(wanted, shard.error().code()));
    co_return;
  }
  GroupCall call(*shard, *request);
  (call.coordinator().*ask)(call.context(), wanted);
  const group::AnyResponse* reply = co_await call.reply();
  co_await request->answer(std::get<Answer>(*reply));
}

}  // namespace millrace::broker
