#include "app/command_line.h"

#include "app/verbs.h"

#include "base/testing.h"

namespace millrace::app {
namespace {

std::string error_of(const std::vector<std::string>& words) {
  const auto command = parse_command_line(words, {});
  REQUIRE(!command);
  CHECK(command.error().code() == Errc::kUsage);
  return command.error().detail();
}

// The words of an example: up to what is for the shell or for the reader.
std::vector<std::string> words_of(std::string_view example) {
  const size_t begin = example.find("millrace ");
  std::string_view rest = example.substr(begin + std::string_view("millrace ").size());
  rest = rest.substr(0, std::min({rest.find("  "), rest.find(" <"), rest.find(" >"), rest.find(')'),
                                  rest.size()}));
  std::vector<std::string> words;
  while (!rest.empty()) {
    const size_t space = std::min(rest.find(' '), rest.size());
    if (space > 0) words.emplace_back(rest.substr(0, space));
    rest.remove_prefix(std::min(space + 1, rest.size()));
  }
  return words;
}

TEST_CASE("every example in the help is a command") {
  for (const VerbRow& row : verb_rows()) {
    std::string_view rest = row.examples;
    while (!rest.empty()) {
      const std::string example(rest.substr(0, rest.find('\n')));
      rest.remove_prefix(std::min(example.size() + 1, rest.size()));
      CAPTURE(example);
      const auto command = parse_command_line(words_of(example), {});
      if (!command) FAIL_CHECK(command.error().detail());
    }
  }
}

TEST_CASE("a number that is none is told with its flag and its range") {
  CHECK(error_of({"status", "--timeout", "0"}) ==
        "--timeout: \"0\" is not a whole number from 1 to 86400000");
  CHECK(error_of({"topic", "create", "t", "--partitions", "abc"}) ==
        "--partitions: \"abc\" is not a whole number from 1 to 2147483647");
  CHECK(error_of({"consume", "t", "-n", "-1"}) ==
        "--count: \"-1\" is not a whole number from 1 on");
}

TEST_CASE("a flag that does nothing is not taken") {
  CHECK(error_of({"version", "--yes"}) == "there is no flag --yes here");
  CHECK(error_of({"consume", "t", "--sort", "offset"}) == "there is no flag --sort here");
  CHECK(error_of({"topic", "list", "--colums", "name"}) ==
        "there is no flag --colums here; did you mean \"--columns\"?");
}

TEST_CASE("a choice names what there is") {
  CHECK(error_of({"status", "--color", "alway"}) ==
        "--color: \"alway\" is none of auto, always, never; did you mean \"always\"?");
}

TEST_CASE("every flag and argument says what it is") {
  for (const VerbRow& row : verb_rows()) {
    CAPTURE(row.name);
    for (const FlagFacts& flag : flags_of(row)) {
      CAPTURE(flag.name);
      CHECK(!flag.summary.empty());
    }
  }
}

TEST_CASE("the help that applies is the one of the words that were understood") {
  CHECK(help_words({"topic", "create", "--nope"}) == "topic create");
  CHECK(help_words({"topic", "nope"}) == "topic");
  CHECK(help_words({"nope"}).empty());
}

TEST_CASE("exit codes have a page") {
  const auto command = parse_command_line({"help", "exit-codes"}, {});
  REQUIRE(command);
  CHECK(command->text.find("   7  some of it was done") != std::string::npos);
}

}  // namespace
}  // namespace millrace::app
