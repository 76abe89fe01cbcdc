// The floor: a broker that does what no broker can leave out, and nothing else.
//
//   null_broker --keep discard|stored|durable [--data FOLDER] [--listen PORT]
//
// Speaks Kafka's protocol to any client that names topics by name; prints HOST:PORT once it
// listens. What each kind of keeping does: store.h, docs/performance/README.md.
#include <fmt/core.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "bench/null/server.h"

namespace millrace::bench {
namespace {

[[noreturn]] void refuse(std::string_view why) {
  fmt::print(stderr, "null_broker: {}\n", why);
  std::exit(1);
}

Keep keep_named(std::string_view name) {
  if (name == "discard") return Keep::kDiscard;
  if (name == "stored") return Keep::kStored;
  if (name == "durable") return Keep::kDurable;
  refuse("--keep: want discard, stored or durable");
}

int serve(int count, char** words) {
  Keep keep = Keep::kStored;
  std::string folder = ".";
  uint16_t port = 0;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view name = words[i];
    if (name == "--keep") {
      keep = keep_named(words[i + 1]);
    } else if (name == "--data") {
      folder = words[i + 1];
    } else if (name == "--listen") {
      port = static_cast<uint16_t>(std::atoi(words[i + 1]));
    } else {
      refuse(fmt::format("{}: no such option", name));
    }
  }
  // Ten thousand connections and as many files are workloads.
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  std::signal(SIGTERM, [](int) { std::_Exit(0); });
  std::signal(SIGPIPE, SIG_IGN);  // sendfile() to a client that has left
  Store store(folder, keep);
  Server server(store, port);
  fmt::print("127.0.0.1:{}\n", server.port());
  std::fflush(stdout);
  server.run();
  return 0;
}

}  // namespace
}  // namespace millrace::bench

int main(int count, char** words) {
  return millrace::bench::serve(count, words);
}
