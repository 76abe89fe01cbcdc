#include "broker/connection.h"

#include <fmt/core.h>

#include <array>

#include "base/logging.h"

namespace millrace::broker {

Connection::FlushHook::FlushHook(Connection* c)
    : Runnable([](Runnable& self) { static_cast<FlushHook&>(self).connection->flush(); }),
      connection(c) {}

Connection::IdleTimer::IdleTimer(Connection* c)
    : Timer([](Timer& self) { static_cast<IdleTimer&>(self).connection->on_idle_timer(); }),
      connection(c) {}

Connection::AppendPlace::AppendPlace(Connection* c)
    : Place([](Place& self) {
        Connection& connection = *static_cast<AppendPlace&>(self).connection;
        connection.append_turn_ = true;
        connection.start_requests();
        connection.append_turn_ = false;
      }),
      connection(c) {}

Connection::Connection(ConnectionShared& shared, std::unique_ptr<runtime::Socket> socket,
                       ConnectionFacts facts)
    : shared_(shared),
      socket_(std::move(socket)),
      facts_(std::move(facts)),
      opened_at_(shared.env.loop.now()),
      last_active_(opened_at_),
      buffer_(shared.slabs, shared.receive_budget, shared.limits.frame_bytes_max),
      flush_hook_(this),
      idle_timer_(this),
      append_place_(this),
      writes_(shared.env.loop),
      requests_(shared.env.loop) {}

runtime::Task<> Connection::run() {
  runtime::Loop& loop = shared_.env.loop;
  loop.timers().start(idle_timer_, last_active_ + shared_.limits.idle_max);
  const Result<> reading = co_await as_result(read_requests());
  if (!reading && end_reason_.empty()) {
    end_level_ = LogLevel::kWarning;
    end_reason_ = reading.error().message();
  }
  // A producer without acks sends and leaves: what it sent before still counts.
  const MonoTime limit = loop.now() + kLinger;
  while (!ended_ && (draining_ ? started_ > 0 : !pipeline_.empty())) {
    if (draining_) {
      co_await progress_.wait();
    } else if (!co_await progress_.wait_until(limit) && !draining_) {
      break;
    }
  }
  co_await requests_.close();
  co_await writes_.close();
  socket_->close();
  tell_end();
}

// Reading

runtime::Task<> Connection::read_requests() {
  while (true) {
    while (!co_await take_frames()) {
      const MonoTime paused = shared_.env.loop.now();
      while (must_pause()) co_await resumed_.wait();
      discount(paused);
    }
    if (draining_ || ended_) co_return;
    const MonoTime before = shared_.env.loop.now();
    const MutableBytes room = co_await buffer_.room();
    discount(before);
    const Result<size_t> count = socket_->try_read(room);
    if (count && *count > 0) {
      buffer_.received(*count);
      touch();
    } else if (count) {
      if (buffer_.in_frame()) end(LogLevel::kInfo, "it ended in the middle of a request");
      co_return;
    } else if (count.error().code() == Errc::kWouldBlock) {
      buffer_.rest();
      if (!co_await socket_->readable().wait_until(frame_deadline())) {
        end(LogLevel::kWarning, fmt::format("a request of {} bytes has not arrived in its time",
                                            buffer_.frame_bytes()));
      }
    } else {
      end(LogLevel::kDebug, count.error().detail());
      co_return;
    }
  }
}

// What passed since then was our wait, not the peer's.
void Connection::discount(MonoTime since) {
  frame_began_ = frame_began_ + (shared_.env.loop.now() - since);
}

// Returns false when there may be more: what is not taken stays in the buffer, where a request is
// as small as it was sent.
Result<bool> Connection::take_frames() {
  if (draining_ || ended_) return true;  // nothing more is done
  const bool was_in_frame = buffer_.in_frame();
  size_t taken = 0;
  bool all = false;
  while (!must_pause()) {
    std::optional<Frame> frame = TRY(buffer_.next_frame());
    all = !frame;
    if (all) break;
    ++taken;
    RequestPool::Ptr request = shared_.requests.take();
    TRY(request->parse(*std::move(frame), shared_.apis, shared_.node, facts_));
    pipeline_.push_back(std::move(request));
  }
  if (!was_in_frame || taken > 0) frame_began_ = shared_.env.loop.now();
  start_requests();
  return all;
}

MonoTime Connection::frame_deadline() const {
  if (!buffer_.in_frame()) return kNever;
  return frame_began_ + kFrameTimeBase + seconds(buffer_.frame_bytes() / kFrameBytesPerSecondMin);
}

bool Connection::must_pause() const {
  if (draining_ || ended_) return false;
  const size_t queued_max = shared_.requests.is_drained() ? 1 : kQueuedMax;
  return pipeline_.size() - started_ >= queued_max;
}

// Requests

// Requests that came together and need not wait are done together: one turn, one write.
void Connection::start_requests() {
  if (std::exchange(starting_, true)) return;  // one has ended at once; the loop below goes on
  const size_t unsent_before = unsent_bytes_;
  size_t at_once = 0;
  while (started_ < pipeline_.size() && may_start(*pipeline_[started_])) {
    // The answers so far bring flush() at the end of the turn, and it comes back here.
    if (at_once == kAnsweredAtOnceMax || unsent_bytes_ - unsent_before > kBytesPerTurnMax) break;
    if (!may_append(*pipeline_[started_])) break;
    Request& request = *pipeline_[started_++];
    request.state_ = Request::State::kRunning;
    const size_t running_before = running_++;
    requests_.start("request", handle(&request));
    if (running_ == running_before) ++at_once;
  }
  starting_ = false;
  if (!must_pause()) resumed_.wake_all();
}

bool Connection::may_start(const Request& request) const {
  if (ended_ || draining_ || requests_.closed() || unsent_bytes_ > kUnsentBytesMax) return false;
  const size_t unsent_max = shared_.requests.is_drained() ? 1 : kUnsentMax;
  if (started_ - running_ >= unsent_max) return false;
  if (running_ == 0) return true;
  // All that run are of one API that overlaps, so looking at the last one tells of all.
  return request.api().overlaps && running_ < kRunningMax &&
         &pipeline_[started_ - 1]->api() == &request.api();
}

// Whatever goes on meanwhile, the requests behind it wait too: order is kept.
bool Connection::may_append(const Request& request) {
  AppendLine* line = shared_.append_line;
  if (!request.api().appends || !line || line->is_open()) return true;
  if (std::exchange(append_turn_, false)) return true;
  line->join(append_place_);
  return false;
}

runtime::Task<> Connection::handle(Request* request) {
  const Result<> done = co_await as_result(request->api().handle(request));
  finish(*request, done);
}

void Connection::finish(Request& request, const Result<>& done) {
  --running_;
  if (done) {
    request.state_ = Request::State::kAnswered;
    unsent_bytes_ += request.response_.unsent_bytes();
  } else {
    request.state_ = Request::State::kFailed;
    if (done.error().code() != Errc::kCancelled && end_reason_.empty()) {
      end_level_ = LogLevel::kWarning;
      end_reason_ = fmt::format("{}: {}", request.describe(), done.error().message());
    }
  }
  shared_.env.loop.at_turn_end(flush_hook_);
  start_requests();
}

// Writing

// What comes next of the answers at the front of the pipeline: bytes in memory, and the file behind
// them if there is one.
struct Connection::Next {
  static constexpr size_t kBytesMax = 64;  // pieces of one write

  std::array<Bytes, kBytesMax> bytes;
  size_t count = 0;
  RecordsInFile* file = nullptr;

  std::span<const Bytes> in_memory() const { return std::span(bytes).first(count); }
};

void Connection::flush() {
  size_t bytes = 0;
  while (!ended_) {
    drop_sent();
    if (!pipeline_.empty() && pipeline_.front()->state_ == Request::State::kFailed) {
      end(end_level_, end_reason_);
      break;
    }
    if (waits_to_write_) break;
    if (bytes >= kBytesPerTurnMax) {
      shared_.env.loop.at_turn_end(flush_hook_);
      break;
    }
    if (RecordsInFile* cold = cold_file()) {
      waits_to_write_ = true;
      writes_.spawn("cold read", bring(cold));
      break;
    }
    const Result<size_t> written = write_some(kBytesPerTurnMax - bytes);
    if (written) {
      if (*written == 0) break;
      bytes += *written;
    } else if (written.error().code() == Errc::kWouldBlock) {
      waits_to_write_ = true;
      writes_.spawn("connection write", wait_writable());
      break;
    } else if (written.error().code() == Errc::kClosed) {
      end(LogLevel::kDebug, written.error().detail());
    } else {
      end(LogLevel::kWarning, written.error().message());
    }
  }
  start_requests();
}

Connection::Next Connection::gather(size_t bytes_max) const {
  Next next;
  for (const RequestPool::Ptr& request : pipeline_) {
    if (request->state_ != Request::State::kAnswered) break;
    for (const ResponsePart& part : request->response_.unsent()) {
      next.file = part.file;
      if (next.file || bytes_max == 0 || next.count == next.bytes.size()) return next;
      const Bytes bytes = part.bytes.first(std::min(part.bytes.size(), bytes_max));
      next.bytes[next.count++] = bytes;
      bytes_max -= bytes.size();
    }
  }
  return next;
}

// What one call takes; 0 when there is nothing to send.
Result<size_t> Connection::write_some(size_t bytes_max) {
  const Next next = gather(bytes_max);
  size_t written = 0;
  if (next.count > 0) {
    // What comes from a file at once shares the packet with what stands before it.
    const bool more = next.file && is_ready(*next.file);
    written = TRY(socket_->try_write(next.in_memory(),
                                     more ? runtime::Follows::kMore : runtime::Follows::kNothing));
  } else if (next.file) {
    written = TRY(send_file(*next.file, bytes_max));
  } else {
    return 0;
  }
  note_sent(written);
  return written;
}

Result<size_t> Connection::send_file(RecordsInFile& records, size_t bytes_max) {
  if (records.is_void()) {
    return std::unexpected(records.unsendable(
        Error(Errc::kNotLeaderOrFollower, "the log was cut or has failed meanwhile")));
  }
  const size_t size = std::min(bytes_max, static_cast<size_t>(records.slice.size));
  Result<size_t> sent = socket_->try_send_file(*records.slice.file, records.slice.position, size);
  if (sent) {
    file_ready_ = false;
  } else if (sent.error().code() == Errc::kIo) {
    return std::unexpected(records.unsendable(sent.error()));
  }
  return sent;
}

void Connection::note_sent(size_t bytes) {
  unsent_bytes_ -= bytes;
  touch();
  for (size_t i = 0; bytes > 0; ++i) {
    Response& response = pipeline_[i]->response();
    const size_t of_this = std::min(bytes, response.unsent_bytes());
    response.sent(of_this);
    bytes -= of_this;
  }
}

void Connection::drop_sent() {
  while (!pipeline_.empty() && pipeline_.front()->state_ == Request::State::kAnswered &&
         pipeline_.front()->response_.unsent().empty()) {
    pipeline_.pop_front();
    --started_;
  }
  if (started_ == 0) progress_.wake_all();
}

// The file that comes next, if its next bytes must come from the disk first.
RecordsInFile* Connection::cold_file() {
  if (pipeline_.empty() || pipeline_.front()->state_ != Request::State::kAnswered) return nullptr;
  const std::span<const ResponsePart> parts = pipeline_.front()->response_.unsent();
  if (parts.empty() || !parts.front().file || is_ready(*parts.front().file)) return nullptr;
  return parts.front().file;
}

bool Connection::is_ready(const RecordsInFile& records) {
  const int64_t size = std::min(records.slice.size, int64_t{kBytesPerTurnMax});
  file_ready_ = file_ready_ || records.slice.file->is_resident(records.slice.position, size);
  return file_ready_;
}

runtime::Task<> Connection::bring(RecordsInFile* records) {
  const int64_t size = std::min(records->slice.size, int64_t{kBytesPerTurnMax});
  const Result<> brought = co_await as_result(
      shared_.cold_reads.bring(records->slice.file, records->slice.position, size));
  waits_to_write_ = false;
  if (brought) {
    file_ready_ = true;  // even if it is gone again: then this once the loop waits for the disk
    shared_.env.loop.at_turn_end(flush_hook_);
  } else {
    end(LogLevel::kWarning, records->unsendable(brought.error()).message());
  }
}

runtime::Task<> Connection::wait_writable() {
  const MonoTime limit = shared_.env.loop.now() + shared_.limits.write_stall_max;
  // This runs a turn after the write was refused. Room that was made meanwhile has been told of, to
  // nobody, and will not be told of again; so only a write that is refused now may be waited for.
  const Result<size_t> written = write_some(kBytesPerTurnMax);
  const bool refused = !written && written.error().code() == Errc::kWouldBlock;
  const bool writable = !refused || co_await socket_->writable().wait_until(limit);
  waits_to_write_ = false;
  file_ready_ = false;  // it may have been long
  if (writable) {
    shared_.env.loop.at_turn_end(flush_hook_);
  } else {
    end(LogLevel::kWarning, fmt::format("it has taken nothing of its answers for {} s",
                                        shared_.limits.write_stall_max.ms() / 1000));
  }
}

// Ending

void Connection::drain() {
  draining_ = true;
  resumed_.wake_all();
  socket_->readable().wake_all();
  const bool all_parked =
      std::all_of(pipeline_.begin(), pipeline_.end(), [](const RequestPool::Ptr& request) {
        return request->state_ == Request::State::kQueued ||
               (request->state_ == Request::State::kRunning && request->api().parks);
      });
  if (all_parked) end(LogLevel::kDebug, "the server stops");
}

void Connection::on_idle_timer() {
  const MonoTime now = shared_.env.loop.now();
  if (!pipeline_.empty()) touch();
  const MonoTime due = last_active_ + shared_.limits.idle_max;
  if (due <= now) {
    end(LogLevel::kDebug, "it was idle for connections.max.idle.ms");
  } else {
    shared_.env.loop.timers().start(idle_timer_, due);
  }
}

void Connection::end(LogLevel level, std::string why) {
  if (ended_) return;
  ended_ = true;
  if (end_reason_.empty()) {
    end_level_ = level;
    end_reason_ = std::move(why);
  }
  socket_->close();
  resumed_.wake_all();
  progress_.wake_all();
}

void Connection::tell_end() const {
  MILLRACE_LOG(end_level_, "broker", "connection {} from {} on {} closed: {}", facts_.id,
               facts_.peer.to_string(), facts_.listener,
               end_reason_.empty() ? "the client left" : end_reason_);
}

std::string Connection::describe_front() const {
  return pipeline_.empty() ? std::string() : pipeline_.front()->describe();
}

}  // namespace millrace::broker
