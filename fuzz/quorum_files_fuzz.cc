// The files of the quorum, whatever they hold: quorum-state and snapshots. What is
// read is written so that it reads the same.
// Shape of an input: one byte for the file, then its content; a snapshot's CRCs are made right.
#include "base/check.h"
#include "fuzz/batches.h"
#include "fuzz/input.h"
#include "metadata/checkpoint.h"
#include "metadata/image.h"
#include "metadata/quorum_state.h"

namespace millrace::metadata {
namespace {

template <class T>
bool refused(const Result<T>& result) {
  if (result) return false;
  CHECK(!result.error().detail().empty());
  return true;
}

void check_quorum_state(std::string_view text) {
  const auto state = parse_quorum_state(text);
  if (refused(state)) return;
  CHECK(parse_quorum_state(format_quorum_state(*state)).value() == *state);
}

void check_file_name(std::string_view text) {
  if (const auto id = parse_checkpoint_file_name(text)) CHECK(checkpoint_file_name(*id) == text);
}

void check_snapshot(Bytes file) {
  Buffer repaired(file);
  fuzz::repair_checksums(repaired.mutable_bytes());
  Image image;
  Delta delta;
  (void)refused(
      read_checkpoint(repaired, [&](const Record& record) { return image.replay(record, delta); }));
}

void run(Bytes bytes) {
  fuzz::Input input(bytes);
  const size_t file = input.below(3);
  const Bytes content = input.rest();
  switch (file) {
    case 0:
      return check_quorum_state(as_text(content));
    case 1:
      return check_file_name(as_text(content));
    default:
      return check_snapshot(content);
  }
}

}  // namespace
}  // namespace millrace::metadata

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  millrace::metadata::run({data, size});
  return 0;
}
