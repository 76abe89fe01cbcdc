// JournalServer: the smallest server that owes its clients something: it appends records to one
// file, syncs, answers with the offset, and knows a repeated record again. It is here to prove the
// harness: correct, it survives every fault; with a bug planted, the checkers find it.
//
//   request   op u8   producer u32   sequence u64   size u32   payload     op 1: append
//             op u8   from u64                                             op 2: read
//   answer    append: offset u64
//             read: high watermark u64, count u32, then as often: size u32, payload
//   file      one after the other: crc u32, producer u32, sequence u64, size u32, payload
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/env.h"
#include "runtime/scope.h"

namespace millrace::scenario {

inline constexpr uint16_t kJournalPort = 4000;

struct JournalOptions {
  bool check_crc = true;       ///< without it: the planted bug skip-crc
  bool rewrite_tail = true;    ///< without it: the planted bug trust-cache
  std::function<void()> exit;  ///< ends this process, soon
};

class JournalServer {
 public:
  JournalServer(runtime::Env& env, JournalOptions options);

 private:
  struct Entry {
    uint32_t producer = 0;
    uint64_t sequence = 0;
    std::string payload;
  };

  static runtime::Task<> serve(JournalServer* self);
  static runtime::Task<> talk(JournalServer* self, std::unique_ptr<runtime::Socket> socket);
  runtime::Task<> answer_append(runtime::Socket* socket);
  runtime::Task<> answer_read(runtime::Socket* socket);
  runtime::Task<> make_stable(int64_t offset);

  Result<> recover();
  void take_entry(Entry entry);
  Result<> append(Entry entry);

  runtime::Env& env_;
  JournalOptions options_;
  std::unique_ptr<runtime::File> file_;
  std::unique_ptr<runtime::Listener> listener_;
  std::vector<Entry> entries_;
  std::map<uint32_t, std::map<uint64_t, int64_t>> offsets_;  // by producer and sequence
  int64_t size_ = 0;
  int64_t high_watermark_ = 0;  // all below is on the platter
  runtime::Scope scope_;
};

}  // namespace millrace::scenario
