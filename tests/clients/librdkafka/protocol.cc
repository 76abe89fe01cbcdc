#include "protocol.h"

#include <chrono>
#include <cstring>
#include <thread>

namespace {

constexpr auto kPatience = std::chrono::seconds(60);

std::string option(int count, char** arguments, const char* name) {
  for (int i = 1; i + 1 < count; ++i)
    if (!std::strcmp(arguments[i], name)) return arguments[i + 1];
  throw std::invalid_argument("usage: --bootstrap HOST:PORT --scenarios ID[,ID..]");
}

// What went wrong, or nothing.
std::string verdict(const Program& program, const std::string& id, const std::string& bootstrap) {
  auto scenario = program.scenarios.find(id);
  if (scenario == program.scenarios.end())
    return "the program, expected a scenario of this name, got none";
  try {
    scenario->second(bootstrap);
    return "";
  } catch (const Failure& failure) {
    return failure.what();
  } catch (const std::exception& error) {
    return std::string("an error, expected none, got ") + error.what();
  }
}

}  // namespace

int Program::run(int count, char** arguments) const {
  const std::string bootstrap = option(count, arguments, "--bootstrap");
  std::istringstream ids(option(count, arguments, "--scenarios"));
  int status = 0;
  for (std::string id; std::getline(ids, id, ',');) {
    std::cerr << "--- " << id << std::endl;
    if (auto reason = cannot.find(id); reason != cannot.end()) {
      std::cout << "n/a " << id << ": " << reason->second << std::endl;
    } else if (std::string detail = verdict(*this, id, bootstrap); detail.empty()) {
      std::cout << "ok " << id << std::endl;
    } else {
      std::cout << "fail " << id << ": " << detail << std::endl;
      status = 1;
    }
  }
  return status;
}

void eventually(const std::string& what, const std::function<bool()>& seen,
                const std::function<std::string()>& instead) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!seen()) {
    if (std::chrono::steady_clock::now() > deadline)
      throw Failure(what + ", expected within 60 s, got " + instead());
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void restart_broker() {
  std::cout << "control restart" << std::endl;
  std::string answer;
  std::getline(std::cin, answer);
  expect<std::string>("the runner's answer to a restart", "restarted", answer);
}

std::string shortened(const std::string& text) {
  if (text.size() <= 160) return text;
  return text.substr(0, 160) + "... (" + std::to_string(text.size()) + " characters)";
}
