#include "client/connection.h"

#include <algorithm>

#include "kafka/messages/api_versions.h"
#include "kafka/messages/header.h"

namespace millrace::client {

using runtime::Task;

namespace {

constexpr size_t kFrameSizeBytes = 4;
constexpr int16_t kApiVersionsFirst = 3;  // the first with names; every broker since 2.4 has it

}  // namespace

// One call that waits for its answer.
struct Connection::Pending {
  int32_t correlation_id;
  Buffer frame;
  bool arrived = false;
  runtime::WaitQueue done;
};

Connection::Connection(runtime::Env* env, runtime::Address peer,
                       std::unique_ptr<runtime::Socket> socket, ConnectionOptions options)
    : env_(env),
      peer_(std::move(peer)),
      socket_(std::move(socket)),
      options_(std::move(options)),
      scope_(env->loop) {}

Connection::~Connection() {
  close();
}

Task<std::shared_ptr<Connection>> Connection::open(runtime::Env* env, runtime::Address to,
                                                   ConnectionOptions options) {
  const Duration limit = options.request_timeout;
  Result<std::unique_ptr<runtime::Socket>> socket = co_await runtime::as_result(
      runtime::with_timeout(&env->loop, limit, env->network.connect(to)));
  if (!socket) co_await fail(socket.error().within("connect to " + to.to_string()));
  std::shared_ptr<Connection> connection(
      new Connection(env, to, *std::move(socket), std::move(options)));
  connection->scope_.spawn("client connection: write", connection->write_all_queued());
  connection->scope_.spawn("client connection: read", connection->read_answers());
  co_await connection->learn_versions();
  co_return connection;
}

Task<> Connection::learn_versions() {
  // Enough to ask the question; the answer replaces it.
  versions_[static_cast<int16_t>(kafka::ApiKey::kApiVersions)] = {0, kApiVersionsFirst};
  kafka::ApiVersionsRequest request;
  request.client_software_name = "millrace";
  request.client_software_version = "0.1";
  Reply<kafka::ApiVersionsResponse> reply = co_await call(&request);
  if (reply->error_code == error_info(Errc::kUnsupportedVersion).kafka_code) {
    reply = co_await call(&request, 0);
  }
  if (reply->error_code != 0) co_await fail(errc_from_kafka(reply->error_code), peer_.to_string());
  versions_.clear();
  for (const auto& api : reply->api_keys) {
    versions_[api.api_key] = {api.min_version, api.max_version};
  }
}

Result<int16_t> Connection::version_of(kafka::ApiKey key, int16_t version_max) const {
  const kafka::ApiInfo& ours = *kafka::find_api(static_cast<int16_t>(key));
  const auto theirs = versions_.find(static_cast<int16_t>(key));
  if (theirs == versions_.end()) {
    return fail(Errc::kUnsupportedVersion,
                fmt::format("{} does not serve {}", peer_.to_string(), ours.name));
  }
  const int16_t version = std::min({ours.version_max_stable, theirs->second.max, version_max});
  if (version < std::max(ours.version_min, theirs->second.min)) {
    return fail(Errc::kUnsupportedVersion,
                fmt::format("{} serves {} in versions {} to {}, this client knows {} to {}",
                            peer_.to_string(), ours.name, theirs->second.min, theirs->second.max,
                            ours.version_min, ours.version_max_stable));
  }
  return version;
}

Result<int32_t> Connection::begin_frame(kafka::Writer& writer, kafka::ApiKey key, int16_t version) {
  if (failed_) return fail(failure_);
  const int32_t correlation_id = next_correlation_id_;
  next_correlation_id_ = correlation_id == INT32_MAX ? 1 : correlation_id + 1;
  writer.begin_frame();
  const kafka::RequestHeader header{.request_api_key = static_cast<int16_t>(key),
                                    .request_api_version = version,
                                    .correlation_id = correlation_id,
                                    .client_id = options_.client_id};
  const kafka::ApiInfo& api = *kafka::find_api(static_cast<int16_t>(key));
  TRY(header.encode(writer, kafka::request_header_version(api, version)));
  return correlation_id;
}

void Connection::send(const kafka::Writer& writer) {
  for (const Bytes part : writer.parts()) queued_.append(part);
  more_to_write_.wake_one();
}

Task<Buffer> Connection::exchange(int32_t correlation_id) {
  Pending pending{.correlation_id = correlation_id};
  pending_.push_back(&pending);
  // Whatever ends this call, cancellation included, the answer may still come: it is then dropped.
  struct Forget {
    std::deque<Pending*>* all;
    Pending* mine;
    ~Forget() { std::replace(all->begin(), all->end(), mine, static_cast<Pending*>(nullptr)); }
  } forget{&pending_, &pending};
  const MonoTime deadline = env_->loop.now() + options_.request_timeout;
  while (!pending.arrived && !failed_) {
    if (co_await pending.done.wait_until(deadline)) continue;
    fail_with(
        Error(Errc::kTimedOut, fmt::format("{} did not answer within {} ms", peer_.to_string(),
                                           options_.request_timeout.ms())));
  }
  if (!pending.arrived) co_await fail(failure_);
  co_return std::move(pending.frame);
}

Result<> Connection::skip_response_header(kafka::Reader& reader, kafka::ApiKey key, int16_t version,
                                          Arena& arena) const {
  const kafka::ApiInfo& api = *kafka::find_api(static_cast<int16_t>(key));
  TRY(kafka::ResponseHeader::decode(reader, kafka::response_header_version(api, version), arena));
  return {};
}

Task<> Connection::write_all_queued() {
  Buffer writing;
  while (!failed_) {
    if (queued_.empty()) {
      co_await more_to_write_.wait();
      continue;
    }
    writing.clear();
    writing.swap(queued_);
    const Result<> written = co_await as_result(runtime::write_all(socket_.get(), writing));
    if (!written) fail_with(written.error());
  }
}

Task<> Connection::read_answers() {
  while (!failed_) {
    std::array<uint8_t, kFrameSizeBytes> size_bytes;
    Result<> read = co_await as_result(runtime::read_exactly(socket_.get(), size_bytes));
    const auto size = load_be<int32_t>(size_bytes.data());
    if (read && (size < 4 || static_cast<size_t>(size) > options_.frame_bytes_max)) {
      read = fail(Errc::kInvalidRequest, fmt::format("an answer of {} bytes", size));
    }
    Buffer frame;
    if (read) {
      frame.resize(static_cast<size_t>(size));
      read = co_await as_result(runtime::read_exactly(socket_.get(), frame.mutable_bytes()));
    }
    const auto correlation_id = read ? load_be<int32_t>(frame.data()) : 0;
    if (read && pending_.empty()) read = fail(Errc::kInvalidRequest, "an answer nobody asked for");
    if (!read) {
      fail_with(read.error().within(peer_.to_string()));
      break;
    }
    Pending* pending = pending_.front();
    pending_.pop_front();
    if (!pending) continue;  // its call has given up
    if (pending->correlation_id != correlation_id) {
      pending_.push_front(pending);
      fail_with(Error(Errc::kInvalidRequest, peer_.to_string() + " answers out of order"));
      break;
    }
    pending->frame = std::move(frame);
    pending->arrived = true;
    pending->done.wake_all();
  }
}

void Connection::fail_with(Error error) {
  if (failed_) return;
  failed_ = true;
  failure_ = std::move(error);
  socket_->close();
  more_to_write_.wake_all();
  for (Pending* pending : pending_) {
    if (pending) pending->done.wake_all();
  }
}

void Connection::close() {
  fail_with(Error(Errc::kClosed, peer_.to_string()));
}

}  // namespace millrace::client
