#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "app/record_text.h"
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
    app.add_flag("--records", records_, "the records instead of the batches");
  }

  Task<> run(Session* session) override {
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
    for (const std::string& file : files) co_await dump(session, file);
    if (!records_) co_await session->out().rows(kColumns, std::move(batches_));
    for (const std::string& problem : problems_) session->note(problem);
    if (!problems_.empty()) session->exit_code = ExitCode::kDifferences;
  }

 private:
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
      record_to_value({path_, PartitionIndex(0)}, *record).append_json(line);
      line += '\n';
      session->out().raw(line);
    }
    return {};
  }

  std::string path_;
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
