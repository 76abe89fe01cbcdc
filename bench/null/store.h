// What the null broker keeps: batches at the end of a file, and where each lies. Nothing is
// recovered, checked against duplicates, indexed on disk or replicated: what no broker can leave
// out is here, and nothing else.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

namespace millrace::bench {

enum class Keep : uint8_t {
  kDiscard,  ///< header and CRC are checked, and the batch is forgotten
  kStored,   ///< and written to its partition's file: it is in the page cache
  kDurable,  ///< and one fdatasync for all that came in a turn; one file for all partitions
};

/// A stretch of a file.
struct FileRange {
  int fd = -1;
  int64_t at = 0;
  size_t size = 0;
};

class Store {
 public:
  Store(std::string folder, Keep keep) : folder_(std::move(folder)), keep_(keep) {}
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// Checks header and CRC, gives the batch its offset in place, and writes it.
  /// Errors: kCorruptMessage, kUnsupportedForMessageFormat, kUnknownServerError (the disk).
  Result<Offset> append(std::string_view topic, PartitionIndex partition, MutableBytes batch);
  /// Makes what was appended stable, if that is asked for.
  void sync();

  /// Whole batches from the one that holds `from` on, as far as they lie behind one another; one at
  /// least. Empty at the end.
  FileRange read(std::string_view topic, PartitionIndex partition, Offset from, size_t bytes_max);
  Offset end(std::string_view topic, PartitionIndex partition);

  void create(std::string_view topic, int32_t partitions);
  void remove(std::string_view topic);
  int32_t partition_count(std::string_view topic) const;
  /// How many batches were appended so far: a waiting fetch looks again when it has changed.
  int64_t appended() const { return appended_; }

 private:
  struct File {
    int fd = -1;
    int64_t size = 0;
    ~File();
  };
  struct Batch {
    int64_t offset;
    int64_t at;
    size_t size;
  };
  struct Partition {
    std::shared_ptr<File> file;
    std::vector<Batch> batches;
    int64_t next = 0;
  };
  struct Topic {
    std::vector<Partition> partitions;
  };
  Partition& partition_of(std::string_view topic, PartitionIndex partition);
  std::shared_ptr<File> open_file(std::string_view name);

  std::string folder_;
  Keep keep_;
  std::map<std::string, Topic, std::less<>> topics_;
  std::shared_ptr<File> shared_;  // of all partitions, when durable
  bool dirty_ = false;
  int64_t appended_ = 0;
};

}  // namespace millrace::bench
