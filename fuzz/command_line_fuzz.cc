// What a person may type behind `millrace`: a verb with its flags, help, or an error that says what
// is wrong. Nothing is run.
// Shape of an input: words, one a line.
#include "app/command_line.h"
#include "base/bytes.h"
#include "base/check.h"

namespace millrace::app {
namespace {

void run(Bytes input) {
  std::vector<std::string> words;
  std::string_view rest = as_text(input);
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    words.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const Result<Command> command = parse_command_line(words, {});
  if (!command) {
    CHECK(command.error().code() == Errc::kUsage && !command.error().detail().empty());
    return;
  }
  CHECK(command->verb != nullptr || !command->text.empty());
}

}  // namespace
}  // namespace millrace::app

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  millrace::app::run({data, size});
  return 0;
}
