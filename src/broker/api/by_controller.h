// What the APIs share that change the cluster's metadata: ask the controller, write its records,
// and answer once they are committed. For the files of this folder only.
#pragma once

#include "broker/node.h"
#include "broker/quorum.h"
#include "broker/request.h"
#include "metadata/controller.h"

namespace millrace::broker {

/// Answers with what the controller made of the request. The answer is encoded at once, because its
/// texts lie in the controller's image, and leaves when the records are committed.
/// Errors: those of the metadata log; the outcome is unknown then, and the connection is closed.
template <class Answer>
runtime::Task<> commit_and_answer(Request* request, metadata::Outcome<Answer> outcome) {
  Quorum& quorum = request->node().quorum;
  const Offset end = co_await quorum.append(outcome.records);
  co_await request->answer(outcome.reply);
  co_await quorum.committed(end);
}

}  // namespace millrace::broker
