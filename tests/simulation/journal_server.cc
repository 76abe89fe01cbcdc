#include "tests/simulation/journal_server.h"

#include <algorithm>
#include <utility>

#include "base/logging.h"
#include "simulation/trace.h"

namespace millrace::scenario {
namespace {

using runtime::Socket;
using runtime::Task;

constexpr size_t kHeaderBytes = 20;
constexpr size_t kPayloadBytesMax = 1 << 20;
constexpr size_t kReadCountMax = 50;
const std::string kPath = "journal";

std::string frame_of(uint32_t producer, uint64_t sequence, std::string_view payload) {
  std::string frame(kHeaderBytes, '\0');
  auto* header = reinterpret_cast<uint8_t*>(frame.data());
  store_be32(header + 4, producer);
  store_be64(header + 8, sequence);
  store_be32(header + 16, static_cast<uint32_t>(payload.size()));
  frame += payload;
  const uint64_t crc = simulation::hash_of(std::string_view(frame).substr(4));
  store_be32(reinterpret_cast<uint8_t*>(frame.data()), static_cast<uint32_t>(crc));
  return frame;
}

Task<std::string> read_bytes(Socket* socket, size_t count) {
  std::string text(count, '\0');
  co_await runtime::read_exactly(socket, {reinterpret_cast<uint8_t*>(text.data()), text.size()});
  co_return text;
}

const uint8_t* bytes_of(const std::string& text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

}  // namespace

JournalServer::JournalServer(runtime::Env& env, JournalOptions options)
    : env_(env), options_(std::move(options)), scope_(env.loop) {
  scope_.spawn("journal", serve(this));
}

Task<> JournalServer::serve(JournalServer* self) {
  const Result<> recovered = self->recover();
  if (!recovered) {
    LOG_WARNING("journal", "cannot start: {}", recovered.error().message());
    self->options_.exit();
    co_await recovered;
  }
  self->listener_ = co_await self->env_.network.listen({"0.0.0.0", kJournalPort}, {.backlog = 100});
  while (true) {
    std::unique_ptr<Socket> socket = co_await runtime::accept(self->listener_.get());
    self->scope_.spawn("talk", talk(self, std::move(socket)));
  }
}

// Takes what is whole, cuts the rest off. What is in the page cache may be there because a sync of
// an earlier process failed, so all of it is written again: a sync of pages that count as clean
// would save nothing.
Result<> JournalServer::recover() {
  file_ = TRY(env_.disk.open(kPath, {.create = true}));
  std::string content(static_cast<size_t>(TRY(file_->size())), '\0');
  TRY(file_->read_at(0, {reinterpret_cast<uint8_t*>(content.data()), content.size()}));
  while (content.size() - static_cast<size_t>(size_) >= kHeaderBytes) {
    const auto rest = std::string_view(content).substr(static_cast<size_t>(size_));
    const auto* header = reinterpret_cast<const uint8_t*>(rest.data());
    const size_t payload_size = load_be32(header + 16);
    if (payload_size > kPayloadBytesMax || rest.size() < kHeaderBytes + payload_size) break;
    const auto crc =
        static_cast<uint32_t>(simulation::hash_of(rest.substr(4, kHeaderBytes - 4 + payload_size)));
    if (options_.check_crc && crc != load_be32(header)) break;
    take_entry({load_be32(header + 4), load_be64(header + 8),
                std::string(rest.substr(kHeaderBytes, payload_size))});
  }
  TRY(file_->truncate(size_));
  const Bytes all = as_bytes(content).first(static_cast<size_t>(size_));
  if (options_.rewrite_tail) TRY(file_->write_at(0, {&all, 1}));
  TRY(file_->sync_now());
  TRY(env_.disk.sync_directory("/"));
  high_watermark_ = static_cast<int64_t>(entries_.size());
  LOG_INFO("journal", "recovered {} records, cut {} bytes", entries_.size(),
           content.size() - static_cast<size_t>(size_));
  return {};
}

void JournalServer::take_entry(Entry entry) {
  size_ += static_cast<int64_t>(kHeaderBytes + entry.payload.size());
  offsets_[entry.producer][entry.sequence] = static_cast<int64_t>(entries_.size());
  entries_.push_back(std::move(entry));
}

Result<> JournalServer::append(Entry entry) {
  const std::string frame = frame_of(entry.producer, entry.sequence, entry.payload);
  const Bytes bytes = as_bytes(frame);
  TRY(file_->write_at(size_, {&bytes, 1}));
  take_entry(std::move(entry));
  return {};
}

Task<> JournalServer::make_stable(int64_t offset) {
  while (high_watermark_ <= offset) {
    const auto count = static_cast<int64_t>(entries_.size());
    co_await file_->sync();
    high_watermark_ = std::max(high_watermark_, count);
  }
}

Task<> JournalServer::talk(JournalServer* self, std::unique_ptr<Socket> socket) {
  while (true) {
    const std::string op = co_await read_bytes(socket.get(), 1);
    if (op[0] == 1) {
      co_await self->answer_append(socket.get());
    } else {
      co_await self->answer_read(socket.get());
    }
  }
}

Task<> JournalServer::answer_append(Socket* socket) {
  const std::string header = co_await read_bytes(socket, 16);
  Entry entry{.producer = load_be32(bytes_of(header)), .sequence = load_be64(bytes_of(header) + 4)};
  entry.payload = co_await read_bytes(socket, load_be32(bytes_of(header) + 12));
  auto& known = offsets_[entry.producer];
  const uint64_t sequence = entry.sequence;
  if (!known.contains(sequence)) {
    // Late repeats of something that was passed over would change the producer's order.
    if (!known.empty() && known.rbegin()->first > sequence) co_await fail(Errc::kClosed);
    const Result<> appended = append(std::move(entry));
    if (!appended) {
      options_.exit();
      co_await appended;
    }
  }
  const int64_t offset = known.at(sequence);
  const Result<> stable = co_await as_result(make_stable(offset));
  if (!stable) {
    options_.exit();
    co_await stable;
  }
  uint8_t answer[8];
  store_be64(answer, static_cast<uint64_t>(offset));
  co_await runtime::write_all(socket, answer);
}

Task<> JournalServer::answer_read(Socket* socket) {
  const std::string request = co_await read_bytes(socket, 8);
  const uint64_t from = load_be64(bytes_of(request));
  const auto stable = static_cast<uint64_t>(high_watermark_);
  const uint64_t count = from < stable ? std::min<uint64_t>(stable - from, kReadCountMax) : 0;
  std::string answer(12, '\0');
  store_be64(reinterpret_cast<uint8_t*>(answer.data()), stable);
  store_be32(reinterpret_cast<uint8_t*>(answer.data()) + 8, static_cast<uint32_t>(count));
  for (uint64_t i = 0; i < count; ++i) {
    const std::string& payload = entries_[from + i].payload;
    uint8_t size[4];
    store_be32(size, static_cast<uint32_t>(payload.size()));
    answer += as_text(size);
    answer += payload;
  }
  co_await runtime::write_all(socket, as_bytes(answer));
}

}  // namespace millrace::scenario
