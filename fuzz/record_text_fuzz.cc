// Records as text, as `produce` reads them. How the text is cut into chunks must not matter, and
// what `consume` writes must come back as the record that it was.
// Shape of an input: format, options and size of a chunk, a byte each; then the text.
#include "app/record_parser.h"
#include "app/record_print.h"
#include "base/check.h"
#include "fuzz/input.h"
#include "kafka/record_batch_builder.h"

namespace millrace::app {
namespace {

bool same(const TextRecord& a, const TextRecord& b) {
  return a.key == b.key && a.value == b.value && a.headers == b.headers &&
         a.timestamp_ms == b.timestamp_ms && a.partition == b.partition;
}

ParsedRecords parse(const InputOptions& options, std::string_view text, size_t chunk_bytes) {
  RecordParser parser(options);
  ParsedRecords parsed;
  const auto add = [&](ParsedRecords more) {
    parsed.error = std::move(more.error);
    for (TextRecord& record : more.records) parsed.records.push_back(std::move(record));
  };
  while (!text.empty() && !parsed.error) {
    add(parser.feed(text.substr(0, chunk_bytes)));
    text.remove_prefix(std::min(chunk_bytes, text.size()));
  }
  if (!parsed.error) add(parser.finish());
  return parsed;
}

// Through a batch, `consume -o ndjson`, and `produce -i envelope`.
void check_round_trip(const TextRecord& record) {
  static kafka::Compressor* const kCompressor = new kafka::Compressor;
  const auto bytes = [](const std::optional<std::string>& text) {
    return text ? std::optional<Bytes>(as_bytes(*text)) : std::nullopt;
  };
  kafka::RecordBatchBuilder builder(*kCompressor);
  std::vector<kafka::RecordHeader> headers;
  headers.reserve(record.headers.size());
  for (const auto& [key, value] : record.headers) headers.push_back({key, bytes(value)});
  builder.begin({});
  CHECK(builder
            .append({.timestamp = {record.timestamp_ms.value_or(0)},
                     .key = bytes(record.key),
                     .value = bytes(record.value),
                     .headers = headers})
            .has_value());
  const Bytes built = *builder.finish();
  const kafka::RecordBatchView batch = *kafka::parse_batch(built);
  kafka::RecordCursor cursor(batch, batch.payload());
  const kafka::RecordView* const view = cursor.next();
  CHECK(view != nullptr);

  std::string line;
  record_to_value({.topic = "orders", .partition = PartitionIndex(0)}, *view).append_json(line);
  const ParsedRecords again = parse({.format = InputFormat::kEnvelope}, line, line.size());
  CHECK(!again.error && again.records.size() == 1);
  CHECK(again.records[0].key == record.key && again.records[0].value == record.value);
  CHECK(again.records[0].headers == record.headers);
}

InputOptions options_from(fuzz::Input& input) {
  InputOptions options{.format = static_cast<InputFormat>(input.below(4))};
  const uint8_t choices = input.byte();
  if ((choices & 1) != 0) options.key_delimiter = (choices & 2) != 0 ? ":" : "\t\t";
  if ((choices & 4) != 0) options.key_field = "id";
  if ((choices & 8) != 0) options.null_text = "NULL";
  return options;
}

void run(Bytes bytes) {
  fuzz::Input input(bytes);
  const InputOptions options = options_from(input);
  const size_t chunk_bytes = size_t{input.byte()} + 1;
  const std::string_view text = as_text(input.rest());
  const ParsedRecords whole = parse(options, text, std::max<size_t>(text.size(), 1));
  const ParsedRecords pieces = parse(options, text, chunk_bytes);
  CHECK(whole.error.has_value() == pieces.error.has_value());
  if (whole.error) {
    CHECK(!whole.error->detail().empty());
    CHECK(whole.error->detail() == pieces.error->detail());
  }
  // With an error too: what stands before it counts.
  CHECK(std::ranges::equal(whole.records, pieces.records, same));
  for (const TextRecord& record : whole.records) check_round_trip(record);
}

}  // namespace
}  // namespace millrace::app

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  millrace::app::run({data, size});
  return 0;
}
