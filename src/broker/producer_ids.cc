#include "broker/producer_ids.h"

#include "base/logging.h"
#include "kafka/messages/allocate_producer_ids.h"

namespace millrace::broker {
namespace {

// Lets go of a flag and tells who waits for that, however its task ends.
class Busy {
 public:
  Busy(bool& flag, runtime::WaitQueue& free) : flag_(flag), free_(free) { flag_ = true; }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;
  ~Busy() {
    flag_ = false;
    free_.wake_all();
  }

 private:
  bool& flag_;
  runtime::WaitQueue& free_;
};

}  // namespace

runtime::Task<ProducerId> ProducerIds::next() {
  while (next_ == end_) {
    if (fetching_) {
      co_await fetched_.wait();
      continue;
    }
    const Busy busy(fetching_, fetched_);
    const Result<> fetched = co_await as_result(fetch_block());
    if (fetched) continue;
    LOG_ERROR("broker", "no producer ids: {}", fetched.error().message());
    co_await fail(Errc::kCoordinatorLoadInProgress, fetched.error().message());
  }
  co_return ProducerId(next_++);
}

runtime::Task<> ProducerIds::fetch_block() {
  kafka::AllocateProducerIdsRequest request;
  request.broker_id = quorum_.node();
  request.broker_epoch = quorum_.broker_epoch();
  const auto outcome = quorum_.controller().allocate_producer_ids(request);
  if (outcome.reply.error_code != 0) co_await fail(errc_from_kafka(outcome.reply.error_code));
  const int64_t start = outcome.reply.producer_id_start.value;
  const int64_t count = outcome.reply.producer_id_len;
  const Offset end = co_await quorum_.append(outcome.records);
  co_await quorum_.committed(end);
  next_ = start;
  end_ = start + count;
}

}  // namespace millrace::broker
