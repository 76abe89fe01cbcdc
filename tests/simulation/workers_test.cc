#include "tests/simulation/workers.h"

#include <fmt/core.h>
#include <unistd.h>
#include <map>
#include <set>

#include "base/testing.h"

namespace millrace::scenario {
namespace {

struct Heard {
  std::map<uint64_t, std::string> done;
  std::map<uint64_t, std::string> told;
  std::set<uint64_t> died;
};

Heard hear_all(Workers& workers) {
  Heard heard;
  while (true) {
    const Workers::News news = workers.next(seconds(60));
    if (news.kind == Workers::News::Kind::kAllDone) return heard;
    if (news.kind == Workers::News::Kind::kTold) heard.told[news.job] = news.text;
    if (news.kind == Workers::News::Kind::kDone) heard.done[news.job] = news.text;
    if (news.kind == Workers::News::Kind::kDied) heard.died.insert(news.job);
  }
}

TEST_CASE("every job is done once and its text arrives whole") {
  Workers workers(50, 3, [](uint64_t job, const Workers::Tell&) {
    return fmt::format("{}{}", job, std::string(2'900, 'x'));
  });
  const Heard heard = hear_all(workers);
  REQUIRE(heard.done.size() == 50);
  CHECK(heard.done.at(49) == "49" + std::string(2'900, 'x'));
  CHECK(heard.died.empty());
}

TEST_CASE(
    "a job tells how far it is, one that ends its process is told, and those after it are done all "
    "the same") {
  Workers workers(10, 2, [](uint64_t job, const Workers::Tell& tell) {
    if (job == 5) tell("half done");
    if (job == 3 || job == 9) _exit(7);
    return std::string("fine");
  });
  const Heard heard = hear_all(workers);
  CHECK(heard.died == std::set<uint64_t>{3, 9});
  CHECK(heard.done.size() == 8);
  CHECK(heard.told == std::map<uint64_t, std::string>{{5, "half done"}});
}

}  // namespace
}  // namespace millrace::scenario
