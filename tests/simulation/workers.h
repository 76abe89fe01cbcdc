// Workers: forked processes that share a list of jobs by number and tell the parent about each in a
// line of text. A job that ends its process is noticed; another process goes on with the next one.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/time.h"

namespace millrace::scenario {

class Workers {
 public:
  /// How far a job is, in whatever words; reaches the parent at once. Bounds: as Job.
  using Tell = std::function<void(const std::string& text)>;
  /// What a worker does with a job; what it returns reaches the parent. Bounds: 3,000 bytes, no
  /// line breaks.
  using Job = std::function<std::string(uint64_t number, const Tell& tell)>;

  /// Starts the processes; worker k does jobs k, k + processes, and so on.
  Workers(uint64_t jobs, int processes, Job job);
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  /// Ends those that still run.
  ~Workers();

  struct News {
    enum class Kind : uint8_t { kNothing, kTold, kDone, kDied, kAllDone } kind = Kind::kNothing;
    uint64_t job = 0;
    std::string text;  ///< of kTold and kDone
  };
  /// Waits for news, at most so long.
  News next(Duration wait);

 private:
  struct Worker {
    pid_t process = -1;
    int pipe = -1;
    uint64_t job = 0;  // the one it is at
    bool working = false;
    std::string unread;
  };

  void start(Worker& worker, uint64_t first);
  bool take_line(Worker& worker, News& news);
  void reap(Worker& worker);
  News hear(Worker& worker);

  uint64_t jobs_;
  Job job_;
  std::vector<Worker> workers_;
};

}  // namespace millrace::scenario
