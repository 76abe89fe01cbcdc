// The line protocol of a client program; ../run.py is on the other side.
#pragma once

#include <functional>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

using Scenario = std::function<void(const std::string& bootstrap)>;

struct Program {
  std::map<std::string, Scenario> scenarios;
  std::map<std::string, std::string> cannot;  // scenario to reason

  int run(int count, char** arguments) const;
};

// Asks until the answer is yes; fails after a minute, and `instead` tells what there was.
void eventually(
    const std::string& what, const std::function<bool()>& seen,
    const std::function<std::string()>& instead = [] { return "nothing"; });

// Returns once the runner has killed the broker and the new one serves at the same address.
void restart_broker();

std::string shortened(const std::string& text);

template <typename T>
std::string said(const T& value) {
  std::ostringstream text;
  text << std::boolalpha << value;
  return shortened(text.str());
}

template <typename T>
std::string said(const std::vector<T>& values) {
  std::string text = "[";
  for (const T& value : values) text += said(value) + " ";
  return shortened(text + "]");
}

template <typename T>
void expect(const std::string& what, const T& expected, const T& got) {
  if (expected != got) throw Failure(what + ", expected " + said(expected) + ", got " + said(got));
}

// For lists the first difference is what helps.
template <typename T>
void expect(const std::string& what, const std::vector<T>& expected, const std::vector<T>& got) {
  if (expected == got) return;
  size_t same = 0;
  while (same < expected.size() && same < got.size() && expected[same] == got[same]) ++same;
  auto few = [same](const std::vector<T>& all) {
    return said(std::vector<T>(all.begin() + same, all.begin() + std::min(all.size(), same + 3)));
  };
  throw Failure(what + " (" + said(expected.size()) + " expected, " + said(got.size()) +
                " seen) from number " + said(same) + ", expected " + few(expected) + ", got " +
                few(got));
}
