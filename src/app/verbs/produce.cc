#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "app/option_checks.h"
#include "app/progress.h"
#include "app/record_parser.h"
#include "app/verbs.h"
#include "client/producer.h"
#include "runtime/scope.h"

namespace millrace::app {
namespace {

using runtime::Task;

constexpr Duration kSilenceTold = milliseconds(1500);

class Produce : public Verb {
 public:
  void declare(CLI::App& app) override {
    app.add_option("topic", topic_, "where to")->required();
    app.add_option("file", file_)->group("");
    app.add_option("-i,--input", format_,
                   "lines (default), ndjson, envelope (what consume -o ndjson prints), csv")
        ->check(one_of({"lines", "ndjson", "envelope", "csv"}));
    app.add_option("-k,--key-delimiter", delimiter_, "lines: what stands before it is the key");
    app.add_option("--key-field", input_.key_field, "ndjson, csv: this member is the key");
    app.add_option("--null-if", null_text_, "lines: this text means null");
    app.add_option("-H,--header", headers_, "KEY=VALUE on every record, may be repeated");
    app.add_option("-p,--partition", partition_, "instead of one by the key")
        ->check(whole_number(0, INT32_MAX));
    app.add_option("-c,--compression", codec_, "none (default), gzip, snappy, lz4, zstd")
        ->check(one_of({"none", "gzip", "snappy", "lz4", "zstd"}));
    app.add_option("--acks", acks_, "all (default), 1 or 0")
        ->check(one_of({"all", "-1", "1", "0"}));
  }

  Task<> run(Session* session) override {
    if (!file_.empty()) {
      co_await fail(Errc::kUsage, fmt::format("records come from standard input: millrace produce "
                                              "{} < {}",
                                              topic_, file_));
    }
    client::Cluster* cluster = co_await session->cluster();
    if (session->terminal().input_is_terminal()) {
      session->note("reading records from the terminal, one a line; Ctrl-D ends");
    }
    choose_input();
    begun_ = heard_ = session->env().loop.now();
    client::Producer producer(cluster, options(*session),
                              [this, session](const client::Delivery& d) {
                                heard_ = session->env().loop.now();
                                delivered(d);
                              });
    runtime::Scope watching(session->env().loop);
    watching.spawn("produce: silence", tell_silence(session, &producer));
    const Result<> asked = co_await as_result(cluster->refresh_topic(topic_));
    makes_topic_ = !asked && asked.error().code() == Errc::kUnknownTopicOrPartition;
    co_await producer.start();
    started_ = true;
    RecordParser parser(input_);
    Progress progress(session);
    while (true) {
      const std::string chunk = co_await session->terminal().read_input();
      const ParsedRecords parsed = chunk.empty() ? parser.finish() : parser.feed(chunk);
      for (const TextRecord& record : parsed.records) {
        const auto sent = co_await as_result(send(session, &producer, &record));
        if (!sent) co_await give_up(session, &producer, sent.error());
      }
      if (parsed.error) co_await give_up(session, &producer, *parsed.error);
      progress.show(
          fmt::format("{}, {} sent", counted(delivered_, "record"), human(bytes_, Unit::kBytes)));
      if (chunk.empty() || session->stopping()) break;
    }
    co_await producer.flush();
    progress.clear();
    const client::TopicInfo* topic = cluster->find_topic(topic_);
    if (makes_topic_ && topic) {
      session->note(
          fmt::format("topic {} was not there and was made, with {}", topic_,
                      counted(static_cast<int64_t>(topic->partitions.size()), "partition")));
    }
    summarise(session);
    if (first_error_) co_await fail(*first_error_);
  }

  bool stops_itself() const override { return true; }

 private:
  void choose_input() {
    input_.format = format_ == "ndjson"     ? InputFormat::kNdjson
                    : format_ == "envelope" ? InputFormat::kEnvelope
                    : format_ == "csv"      ? InputFormat::kCsv
                                            : InputFormat::kLines;
    if (!delimiter_.empty()) input_.key_delimiter = delimiter_;
    input_.null_text = null_text_;
  }

  client::ProducerOptions options(const Session& session) const {
    client::ProducerOptions options;
    options.delivery_timeout = milliseconds(session.options().timeout_ms);
    options.codec = kafka::codec_of_name(codec_).value_or(kafka::Codec::kNone);
    options.acks = acks_ == "1" ? 1 : acks_ == "0" ? 0 : -1;
    options.idempotent = options.acks == -1;
    return options;
  }

  Task<> send(Session* session, client::Producer* producer, const TextRecord* text) {
    std::vector<kafka::RecordHeader> headers;
    headers.reserve(text->headers.size() + headers_.size());
    for (const auto& [key, value] : text->headers) {
      headers.push_back({key, value ? std::optional(as_bytes(*value)) : std::nullopt});
    }
    for (const std::string& header : headers_) {
      const size_t equals = header.find('=');
      if (equals == std::string::npos)
        co_await fail(Errc::kUsage, fmt::format("-H {}: want KEY=VALUE", header));
      headers.push_back({std::string_view(header).substr(0, equals),
                         as_bytes(std::string_view(header).substr(equals + 1))});
    }
    const kafka::Record record{
        .timestamp =
            text->timestamp_ms ? Timestamp{*text->timestamp_ms} : session->env().clock.wall(),
        .key = text->key ? std::optional(as_bytes(*text->key)) : std::nullopt,
        .value = text->value ? std::optional(as_bytes(*text->value)) : std::nullopt,
        .headers = headers};
    const std::optional<PartitionIndex> partition =
        partition_ >= 0 ? std::optional(PartitionIndex(partition_)) : std::nullopt;
    co_await producer->send(topic_, partition, record);
  }

  void delivered(const client::Delivery& delivery) {
    if (delivery.base_offset) {
      delivered_ += delivery.records;
      bytes_ += static_cast<int64_t>(delivery.bytes);
      slowest_ = std::max(slowest_, delivery.waited);
    } else {
      failed_ += delivery.records;
      if (!first_error_) first_error_ = delivery.base_offset.error();
    }
  }

  // Once, when something waits to be acknowledged and nothing is: the server may be silent, or it
  // answers that it cannot now. Not while there is nothing to send.
  Task<> tell_silence(Session* session, const client::Producer* producer) {
    while (true) {
      co_await runtime::sleep_until(session->env().loop.now() + kSilenceTold / 3);
      const MonoTime now = session->env().loop.now();
      if (started_ && producer->unsent_bytes() == 0) heard_ = now;
      if (now - heard_ < kSilenceTold) continue;
      session->note(
          fmt::format("nothing is acknowledged at {} for {}; trying on until --timeout, {}",
                      session->options().bootstrap, human((now - heard_).ms(), Unit::kMilliseconds),
                      human(session->options().timeout_ms, Unit::kMilliseconds)));
      co_return;
    }
  }

  // What was read before the fault is still delivered, and the summary says how far it went.
  Task<> give_up(Session* session, client::Producer* producer, Error error) {
    co_await producer->flush();
    summarise(session);
    if (delivered_ > 0) session->exit_code = ExitCode::kPartlyFailed;
    co_await fail(std::move(error));
  }

  void summarise(Session* session) const {
    const Duration took = session->env().loop.now() - begun_;
    session->note(fmt::format("{} delivered in {} of batches{}, {}", counted(delivered_, "record"),
                              human(bytes_, Unit::kBytes),
                              failed_ > 0 ? fmt::format(", {} FAILED", failed_) : "",
                              human(took.ms(), Unit::kMilliseconds)));
    session->detail(fmt::format("slowest batch {} ms", slowest_.ms()));
    if (failed_ > 0 && delivered_ > 0) session->exit_code = ExitCode::kPartlyFailed;
  }

  std::string topic_;
  bool makes_topic_ = false;
  std::string file_;
  std::string format_ = "lines";
  std::string delimiter_;
  std::optional<std::string> null_text_;
  InputOptions input_;
  std::vector<std::string> headers_;
  int32_t partition_ = -1;
  std::string codec_ = "none";
  std::string acks_ = "all";
  MonoTime begun_;
  MonoTime heard_;  // of a batch
  bool started_ = false;
  int64_t delivered_ = 0;
  int64_t failed_ = 0;
  int64_t bytes_ = 0;  // of batches, compressed
  Duration slowest_;
  std::optional<Error> first_error_;
};

}  // namespace

std::unique_ptr<Verb> make_produce() {
  return std::make_unique<Produce>();
}

}  // namespace millrace::app
