#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <charconv>

#include "app/record_print.h"
#include "app/verbs.h"
#include "kafka/record_batch.h"
#include "runtime/disk.h"

namespace millrace::app {
namespace {

using runtime::Task;

constexpr size_t kReadBytes = size_t{4} << 20;

constexpr Column kColumns[] = {{"base_offset"},
                               {"last_offset"},
                               {"records"},
                               {"bytes", Unit::kBytes},
                               {"position"},
                               {"codec"},
                               {"max_timestamp", Unit::kTimestamp},
                               {"epoch"},
                               {"producer", Unit::kNone, true},
                               {"sequence", Unit::kNone, true},
                               {"kind"},
                               {"crc"}};

std::string kind_of(const kafka::RecordBatchView& batch) {
  if (batch.is_control()) return "control";
  return batch.is_transactional() ? "transactional" : "data";
}

// Reads the files themselves; no broker is asked, so it works on a stopped or a broken one.
class LogDump : public Verb {
 public:
  void declare(CLI::App& app) override {
    app.add_option("path", path_, "a partition's directory or one .log file")->required();
    app.add_flag("--records", records_, "the records instead of the batches; -o as in consume");
  }

  Task<> run(Session* session) override {
    const OutputOptions& shape = session->out().options();
    if (records_ && !(shape.columns.empty() && shape.sort.empty())) {
      co_await fail(Errc::kUsage,
                    "--columns and --sort are for batches: records are printed as "
                    "they come");
    }
    runtime::Disk& disk = session->env().disk;
    const runtime::FileInfo info = co_await disk.info(path_);
    std::vector<std::string> files;
    if (info.is_directory) {
      for (const runtime::DirectoryEntry& entry : co_await disk.list(path_)) {
        if (entry.name.ends_with(".log")) files.push_back(runtime::join_path(path_, entry.name));
      }
    } else {
      files.push_back(path_);
    }
    if (files.empty()) co_await fail(Errc::kNotFound, fmt::format("{} has no .log files", path_));
    if (records_) begin_records(session, info.is_directory);
    for (const std::string& file : files) co_await dump(session, file);
    if (printer_) session->out().raw(printer_->end());
    if (!records_) co_await session->out().rows(kColumns, std::move(batches_));
    for (const std::string& problem : problems_) session->note(problem);
    if (!problems_.empty()) session->exit_code = ExitCode::kDifferences;
  }

 private:
  // A partition's directory is called TOPIC-PARTITION; under another name it is its own topic.
  void begin_records(Session* session, bool is_directory) {
    std::string_view directory = path_;
    if (!is_directory) directory = directory.substr(0, directory.find_last_of('/') + 1);
    while (directory.ends_with('/')) directory.remove_suffix(1);
    const std::string_view name = directory.substr(directory.find_last_of('/') + 1);
    const size_t dash = name.rfind('-');
    const std::string_view digits = dash == name.npos ? "" : name.substr(dash + 1);
    int32_t partition = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), partition);
    const bool named = !digits.empty() && error == std::errc() && end == digits.end() && dash > 0;
    topic_ = named ? name.substr(0, dash) : name.empty() ? path_ : name;
    partition_ = PartitionIndex(named ? partition : 0);
    OutputOptions options = session->out().options();
    // For people the values alone would hide what this is asked for: where they lie.
    if (options.format == Format::kTable) options.format = Format::kWide;
    printer_.emplace(options);
    session->out().raw(printer_->begin());
  }

  Result<> dump(Session* session, const std::string& path) {
    const std::unique_ptr<runtime::File> file =
        TRY(session->env().disk.open(path, {.read_only = true}));
    Buffer buffer;
    int64_t position = 0;  // of the buffer's first byte
    size_t wanted = kReadBytes;
    while (true) {
      const size_t had = buffer.size();
      buffer.resize(had + wanted);
      const size_t got = TRY(
          file->read_at(position + static_cast<int64_t>(had), buffer.mutable_bytes().subspan(had)));
      buffer.resize(had + got);
      size_t used = 0;
      while (true) {
        const auto batch = kafka::parse_batch(buffer.bytes().subspan(used));
        if (!batch) break;
        TRY(show(session, *batch, position + static_cast<int64_t>(used)));
        used += batch->size();
      }
      buffer.drop_front(used);
      position += static_cast<int64_t>(used);
      // A batch larger than what was read so far asks for more.
      wanted = used == 0 ? std::max(kReadBytes, buffer.size()) : kReadBytes;
      if (got == 0) break;
    }
    if (!buffer.empty()) {
      const auto why = kafka::parse_batch(buffer);
      problems_.push_back(fmt::format("{}: at byte {}: {} bytes that are no whole batch: {}", path,
                                      position, buffer.size(), why ? "" : why.error().message()));
    }
    return {};
  }

  Result<> show(Session* session, const kafka::RecordBatchView& batch, int64_t position) {
    const bool crc_good = kafka::verify_crc(batch).has_value();
    if (!crc_good) {
      problems_.push_back(fmt::format("offsets {} to {}: the checksum is wrong",
                                      batch.base_offset().value, batch.last_offset().value));
    }
    if (!records_) {
      batches_.push_back(Value::Object{{"base_offset", batch.base_offset().value},
                                       {"last_offset", batch.last_offset().value},
                                       {"records", batch.record_count()},
                                       {"bytes", batch.size()},
                                       {"position", position},
                                       {"codec", kafka::codec_name(batch.codec())},
                                       {"max_timestamp", batch.max_timestamp().ms},
                                       {"epoch", batch.partition_leader_epoch().value},
                                       {"producer", batch.producer_id().value},
                                       {"sequence", batch.base_sequence()},
                                       {"kind", kind_of(batch)},
                                       {"crc", crc_good ? "ok" : "BAD"}});
      return {};
    }
    const auto bytes =
        kafka::decompress_records(batch, decompressor_, decompressed_, size_t{1} << 30);
    if (!bytes) {
      problems_.push_back(
          fmt::format("offset {}: {}", batch.base_offset().value, bytes.error().message()));
      return {};
    }
    kafka::RecordCursor cursor(batch, *bytes);
    while (const kafka::RecordView* record = cursor.next()) {
      std::string line;
      TRY(printer_->append(line, {topic_, partition_}, *record));
      session->out().raw(line);
    }
    return session->out().flush();
  }

  std::string path_;
  std::string topic_;
  PartitionIndex partition_;
  std::optional<RecordPrinter> printer_;
  bool records_ = false;
  std::vector<Value> batches_;
  std::vector<std::string> problems_;
  kafka::Decompressor decompressor_;
  Buffer decompressed_;
};

}  // namespace

std::unique_ptr<Verb> make_log_dump() {
  return std::make_unique<LogDump>();
}

}  // namespace millrace::app
