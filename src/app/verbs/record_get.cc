#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <charconv>

#include "app/record_print.h"
#include "app/topic_facts.h"
#include "app/verbs.h"
#include "client/fetcher.h"

namespace millrace::app {
namespace {

using runtime::Task;

constexpr Column kUnits[] = {{"timestamp", Unit::kTimestamp}};
constexpr Duration kPatience = seconds(2);

struct Coordinate {
  client::TopicPartition partition;
  Offset offset;
};

// TOPIC/PARTITION@OFFSET
Result<Coordinate> parse_coordinate(const std::string& text) {
  const size_t slash = text.rfind('/');
  const size_t at = text.rfind('@');
  int32_t partition = 0;
  int64_t offset = 0;
  const auto number = [](std::string_view digits, auto& into) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), into);
    return !digits.empty() && error == std::errc() && end == digits.data() + digits.size();
  };
  const bool shaped =
      slash != std::string::npos && at != std::string::npos && slash < at && slash > 0;
  if (!shaped || !number(std::string_view(text).substr(slash + 1, at - slash - 1), partition) ||
      !number(std::string_view(text).substr(at + 1), offset)) {
    return fail(Errc::kUsage,
                fmt::format("\"{}\": want TOPIC/PARTITION@OFFSET, as in orders/3@1042", text));
  }
  return Coordinate{{text.substr(0, slash), PartitionIndex(partition)}, Offset(offset)};
}

class RecordGet : public Verb {
 public:
  void declare(CLI::App& app) override {
    app.add_option("coordinate", coordinate_, "TOPIC/PARTITION@OFFSET, as in orders/3@1042")
        ->required();
  }

  Task<> run(Session* session) override {
    const Coordinate wanted = co_await parse_coordinate(coordinate_);
    client::Cluster* cluster = co_await session->cluster();
    (void)co_await require_topic(cluster, wanted.partition.topic);
    client::Fetcher fetcher(cluster, {.reset = client::OffsetReset::kFail});
    fetcher.assign({{wanted.partition, wanted.offset}});
    kafka::Decompressor decompressor;
    std::optional<Value> found;
    auto polled = co_await as_result(fetcher.poll(session->env().loop.now() + kPatience));
    if (!polled) {
      if (polled.error().code() != Errc::kOffsetOutOfRange) co_await fail(polled.error());
      polled.emplace();  // nothing is there: said below
    }
    for (const client::Fetched& fetched : *polled) {
      co_await client::for_each_record(fetched, decompressor, size_t{256} << 20,
                                       [&](const kafka::RecordView& record) -> Result<> {
                                         if (record.offset != wanted.offset) return {};
                                         const RecordPlace place{wanted.partition.topic,
                                                                 wanted.partition.partition};
                                         found = record_to_value(place, record);
                                         return {};
                                       });
    }
    if (!found) {
      co_await fail(
          Errc::kNotFound,
          fmt::format("{}: there is no record; it may have been compacted away, be a transaction "
                      "marker, or not be written yet",
                      coordinate_));
    }
    co_await session->out().object(*found, kUnits);
  }

 private:
  std::string coordinate_;
};

}  // namespace

std::unique_ptr<Verb> make_record_get() {
  return std::make_unique<RecordGet>();
}

}  // namespace millrace::app
