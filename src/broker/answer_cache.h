// AnswerCache: answers that many clients ask for in the same words and that only the cluster's
// metadata changes, as bytes. Not for answers that depend on who asks, nor for requests that do
// something.
//
// A Metadata answer about 6000 partitions takes two milliseconds to build and a fiftieth of that to
// send again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/bytes.h"
#include "base/ids.h"
#include "kafka/api_table.h"
#include "runtime/network.h"

namespace millrace::broker {

class AnswerCache {
 public:
  /// Everything that an answer depends on besides the metadata.
  struct Question {
    kafka::ApiKey api;
    int16_t version;
    const runtime::Address& advertised;  ///< what this client is told to connect to
    Bytes body;                          ///< of the request, as it came
  };

  /// `bytes_max` bounds answers and questions together; when they are more, all are forgotten.
  explicit AnswerCache(size_t bytes_max = 8 * 1024 * 1024) : bytes_max_(bytes_max) {}
  AnswerCache(const AnswerCache&) = delete;
  AnswerCache& operator=(const AnswerCache&) = delete;

  /// The encoded message, or null. `metadata_end` is how far the metadata log is applied: answers
  /// of another moment are forgotten.
  std::shared_ptr<const Buffer> find(const Question& question, Offset metadata_end);
  /// Returns what it keeps, or would keep if it were not too large.
  std::shared_ptr<const Buffer> insert(const Question& question, Offset metadata_end,
                                       Buffer answer);

  size_t bytes() const { return bytes_; }

 private:
  const std::string& key_of(const Question& question);
  void forget();

  size_t bytes_max_;
  size_t bytes_ = 0;
  Offset metadata_end_ = kNoOffset;
  std::string key_;                                                         // memory for key_of()
  std::unordered_map<std::string, std::shared_ptr<const Buffer>> answers_;  // never iterated
};

}  // namespace millrace::broker
