// Answers: requests in, answers out, for the few APIs that a load needs. Decoding and encoding are
// the broker's own (src/kafka); nothing is looked up that the answer does not need.
#pragma once

#include <cstdint>
#include <vector>

#include "base/arena.h"
#include "base/result.h"
#include "bench/null/store.h"
#include "kafka/wire.h"

namespace millrace::bench {

/// An answer as it leaves: bytes, with stretches of files between them.
struct Answer {
  /// Requires: its piece's place in the writer's bytes is that of the range of the same number.
  std::vector<FileRange> files;
  bool complete = true;  ///< false: a fetch that does not have enough yet
  int32_t wait_ms = 0;   ///< how long it may wait for more
};

class Answers {
 public:
  Answers(Store& store, uint16_t port) : store_(store), port_(port) {}

  /// Writes the answer's frame to `writer`; its pieces stand for `answer.files`. `last_chance`: a
  /// fetch is answered with what there is. Batches in `frame` get their offsets in place.
  /// Errors: a request that is none, or that nobody answers here.
  Result<> give(MutableBytes frame, bool last_chance, kafka::Writer& writer, Answer& answer);

 private:
  Result<> api_versions(int16_t version, kafka::Writer& writer);
  Result<> metadata(kafka::Reader& reader, int16_t version, kafka::Writer& writer);
  Result<> produce(kafka::Reader& reader, int16_t version, kafka::Writer& writer);
  Result<> fetch(kafka::Reader& reader, int16_t version, bool last_chance, kafka::Writer& writer,
                 Answer& answer);
  Result<> list_offsets(kafka::Reader& reader, int16_t version, kafka::Writer& writer);
  Result<> create_topics(kafka::Reader& reader, int16_t version, kafka::Writer& writer);
  Result<> delete_topics(kafka::Reader& reader, int16_t version, kafka::Writer& writer);

  Store& store_;
  uint16_t port_;
  Arena arena_;
};

}  // namespace millrace::bench
