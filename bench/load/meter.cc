#include "bench/load/meter.h"

#include <dirent.h>
#include <fmt/core.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "bench/load/arguments.h"

namespace millrace::bench {
namespace {

double seconds_of(const timespec& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

double seconds_of(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
}

std::string text_of(const std::string& path) {
  std::string text;
  FILE* file = std::fopen(path.c_str(), "re");
  if (!file) return text;
  char piece[4096];
  while (const size_t count = std::fread(piece, 1, sizeof piece, file)) text.append(piece, count);
  std::fclose(file);
  return text;
}

/// The number behind `label` at the start of a line; 0 when there is none.
int64_t number_behind(const std::string& text, const std::string& label) {
  const size_t at = text.starts_with(label) ? 0 : text.find("\n" + label);
  if (at == std::string::npos) return 0;
  return std::strtoll(text.c_str() + text.find(label, at) + label.size(), nullptr, 10);
}

/// To the nanosecond: Linux lets one read another process's CPU clock.
double cpu_s_of(pid_t process) {
  clockid_t clock{};
  timespec used{};
  if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &used) != 0) {
    give_up(fmt::format("process {}, which is to be watched, is not there", process));
  }
  return seconds_of(used);
}

/// How often the process's threads slept and were woken, all together.
int64_t wakeups_of(pid_t process) {
  const std::string folder = fmt::format("/proc/{}/task", process);
  DIR* tasks = opendir(folder.c_str());
  if (!tasks) return 0;
  int64_t sum = 0;
  while (const dirent* task = readdir(tasks)) {
    if (task->d_name[0] == '.') continue;
    const std::string status = text_of(fmt::format("{}/{}/status", folder, task->d_name));
    sum += number_behind(status, "voluntary_ctxt_switches:");
  }
  closedir(tasks);
  return sum;
}

}  // namespace

int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void Meter::read_server(Reading& into) const {
  into.server_cpu_s = cpu_s_of(server_);
  into.wakeups = wakeups_of(server_);
  into.write_bytes = number_behind(text_of(fmt::format("/proc/{}/io", server_)), "write_bytes:");
  const std::string status = text_of(fmt::format("/proc/{}/status", server_));
  into.rss_bytes = number_behind(status, "VmRSS:") * 1024;
}

Meter::Reading Meter::read() const {
  Reading now;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  now.client_cpu_s = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
  // cpu user nice system idle iowait irq softirq steal, in clock ticks.
  const std::string stat = text_of("/proc/stat");
  long long user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softirq = 0, steal = 0;
  if (std::sscanf(stat.c_str(), "cpu %lld %lld %lld %lld %lld %lld %lld %lld", &user, &nice,
                  &system, &idle, &wait, &irq, &softirq, &steal) == 8) {
    const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    now.machine_cpu_s = static_cast<double>(user + nice + system + irq + softirq) / ticks;
    now.steal_s = static_cast<double>(steal) / ticks;
  }
  if (server_) read_server(now);
  now.at_ns = now_ns();
  return now;
}

void Meter::begin() {
  begin_ = read();
}

void Meter::end(int64_t settle_ms) {
  usleep(static_cast<useconds_t>(settle_ms * 1000));
  end_ = read();
}

void Meter::report(Json& json) const {
  json.add("wall_s", static_cast<double>(end_.at_ns - begin_.at_ns) * 1e-9);
  json.add("client_cpu_s", end_.client_cpu_s - begin_.client_cpu_s);
  json.add("machine_cpu_s", end_.machine_cpu_s - begin_.machine_cpu_s);
  json.add("steal_s", end_.steal_s - begin_.steal_s);
  if (!server_) return;
  json.add("server_cpu_s", end_.server_cpu_s - begin_.server_cpu_s);
  json.add("server_wakeups", end_.wakeups - begin_.wakeups);
  json.add("server_write_bytes", end_.write_bytes - begin_.write_bytes);
  json.add("server_rss_bytes", end_.rss_bytes);
}

}  // namespace millrace::bench
