#include "bench/null/store.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "kafka/record_batch.h"

namespace millrace::bench {
namespace {

constexpr int32_t kPartitionsUnlessCreated = 6;

}  // namespace

Store::~Store() = default;

Store::File::~File() {
  if (fd >= 0) ::close(fd);
}

std::shared_ptr<Store::File> Store::open_file(std::string_view name) {
  const std::string path = fmt::format("{}/{}", folder_, name);
  auto file = std::make_shared<File>();
  file->fd = open(path.c_str(), O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
  CHECK(file->fd >= 0);
  return file;
}

Store::Partition& Store::partition_of(std::string_view topic, PartitionIndex partition) {
  auto found = topics_.find(topic);
  if (found == topics_.end()) found = topics_.emplace(topic, Topic()).first;
  auto& partitions = found->second.partitions;
  const auto index = static_cast<size_t>(std::max(partition.value, 0));
  if (index >= partitions.size()) partitions.resize(index + 1);
  return partitions[index];
}

Result<Offset> Store::append(std::string_view topic, PartitionIndex index, MutableBytes batch) {
  const auto view = TRY(kafka::parse_batch(batch));
  TRY(kafka::verify_crc(view));
  if (view.size() != batch.size()) return fail(Errc::kCorruptMessage, "more than one batch");
  Partition& partition = partition_of(topic, index);
  const Offset base(partition.next);
  kafka::set_base_offset(batch, base);
  partition.next += view.last_offset_delta() + 1;
  ++appended_;
  if (keep_ == Keep::kDiscard) return base;
  if (!partition.file) {
    if (keep_ == Keep::kDurable && !shared_) shared_ = open_file("all.log");
    partition.file = shared_ ? shared_ : open_file(fmt::format("{}-{}.log", topic, index.value));
  }
  File& file = *partition.file;
  partition.batches.push_back({base.value, file.size, batch.size()});
  for (Bytes left = batch; !left.empty();) {
    const ssize_t count = pwrite(file.fd, left.data(), left.size(), file.size);
    if (count < 0) return fail(Errc::kUnknownServerError, std::strerror(errno));
    file.size += count;
    left = left.subspan(static_cast<size_t>(count));
  }
  dirty_ = true;
  return base;
}

void Store::sync() {
  if (keep_ != Keep::kDurable || !dirty_) return;
  CHECK(fdatasync(shared_->fd) == 0);
  dirty_ = false;
}

FileRange Store::read(std::string_view topic, PartitionIndex index, Offset from, size_t bytes_max) {
  Partition& partition = partition_of(topic, index);
  if (from.value >= partition.next || !partition.file) return {};
  const auto& batches = partition.batches;
  auto batch = std::upper_bound(batches.begin(), batches.end(), from.value,
                                [](int64_t offset, const Batch& b) { return offset < b.offset; });
  if (batch != batches.begin()) --batch;
  FileRange range{partition.file->fd, batch->at, batch->size};
  for (++batch; batch != batches.end(); ++batch) {
    const bool behind = batch->at == range.at + static_cast<int64_t>(range.size);
    if (!behind || range.size + batch->size > bytes_max) break;
    range.size += batch->size;
  }
  return range;
}

Offset Store::end(std::string_view topic, PartitionIndex partition) {
  return Offset(partition_of(topic, partition).next);
}

void Store::create(std::string_view topic, int32_t partitions) {
  if (topics_.contains(topic)) return;
  topics_[std::string(topic)].partitions.resize(static_cast<size_t>(std::max(partitions, 1)));
}

void Store::remove(std::string_view topic) {
  const auto found = topics_.find(topic);
  if (found == topics_.end()) return;
  for (size_t p = 0; p < found->second.partitions.size(); ++p) {
    unlink(fmt::format("{}/{}-{}.log", folder_, topic, p).c_str());
  }
  topics_.erase(found);
}

int32_t Store::partition_count(std::string_view topic) const {
  const auto found = topics_.find(topic);
  if (found == topics_.end()) return kPartitionsUnlessCreated;
  return static_cast<int32_t>(found->second.partitions.size());
}

}  // namespace millrace::bench
