// What a person may type behind `millrace`: a verb with its flags, help, or an error that says what
// is wrong. Nothing is run.
// Shape of an input: words, one a line.
#include "app/command_line.h"
#include "app/config_changes.h"
#include "app/config_resource.h"
#include "base/bytes.h"
#include "base/check.h"

namespace millrace::app {
namespace {

bool refused(const Error& error) {
  return error.code() == Errc::kUsage && !error.detail().empty();
}

// Words that are small languages of their own: broker/0, NAME=VALUE.
void check_argument(const std::string& word) {
  if (const auto resource = parse_resource(word); !resource) CHECK(refused(resource.error()));
  const auto changes = parse_changes({word});
  if (!changes) {
    CHECK(refused(changes.error()));
    return;
  }
  const auto& [name, value] = changes->front();
  CHECK(word == name + "=" + value.value_or(""));
}

void run(Bytes input) {
  std::vector<std::string> words;
  std::string_view rest = as_text(input);
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    words.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  for (const std::string& word : words) check_argument(word);
  const Result<Command> command = parse_command_line(words, {});
  if (!command) {
    CHECK(refused(command.error()));
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
