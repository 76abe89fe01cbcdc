#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <tuple>

#include "app/progress.h"
#include "app/verbs.h"
#include "broker/stopped_metadata.h"
#include "log/directory_check.h"

namespace millrace::app {
namespace {

using log::Harm;
using runtime::Task;

constexpr Column kColumns[] = {{"where"}, {"harm"}, {"what"}, {"repaired"}, {"remedy"}};
constexpr int kBarCells = 20;

std::string_view harm_name(Harm harm) {
  switch (harm) {
    case Harm::kRecords:
      return "lost";
    case Harm::kDerived:
      return "derived";
    case Harm::kNone:
      break;
  }
  return "none";
}

// "[=======             ] 35 %  410 MiB of 1.1 GiB, 320 MiB/s, 2 s left"
std::string progress_line(const log::CheckProgress& progress, Duration elapsed) {
  const int64_t total = std::max<int64_t>(progress.bytes_total, 1);
  const int64_t done = std::min(progress.bytes_done, total);
  const auto cells = static_cast<size_t>(done * kBarCells / total);
  const int64_t per_second = elapsed.ms() > 0 ? done * 1000 / elapsed.ms() : 0;
  std::string line =
      fmt::format("[{:<{}}] {} %  partition {} of {}, {} of {}", std::string(cells, '='), kBarCells,
                  done * 100 / total, progress.partitions_done, progress.partitions_total,
                  human(done, Unit::kBytes), human(total, Unit::kBytes));
  if (per_second > 0) {
    line += fmt::format(", {}/s, {} left", human(per_second, Unit::kBytes),
                        human((total - done) * 1000 / per_second, Unit::kMilliseconds));
  }
  return line;
}

Value::Object row_of(const log::Finding& finding) {
  const bool can_repair = finding.harm == Harm::kDerived && !finding.repaired;
  std::string_view remedy = finding.remedy;
  if (can_repair) remedy = "--repair writes it anew from the records";
  if (finding.repaired) remedy = "nothing: it was written anew from the records";
  return {{"where", finding.where},
          {"harm", harm_name(finding.harm)},
          {"what", finding.what},
          {"repaired", finding.repaired},
          {"remedy", remedy}};
}

// Reads the files of a stopped server; none is asked, and none may run there meanwhile.
class LogCheck : public Verb {
 public:
  void declare(CLI::App& app) override {
    app.add_option("directory", options_.path, "a data directory that no server uses")->required();
    app.add_flag("--repair", options_.repair,
                 "write anew what the records tell as well; records are never touched");
  }

  Task<> run(Session* session) override {
    runtime::Env& env = session->env();
    const auto check = co_await log::DirectoryCheck::open(env, options_);
    const Result<metadata::Image> image = broker::read_stopped_metadata(env.disk, options_.path);
    std::optional<log::KnownPartitions> known;
    if (image && check->meta()) known = broker::known_partitions(*image, check->meta()->node_id);

    Progress progress(session);
    const MonoTime began = env.loop.now();
    log::CheckReport report =
        co_await check->run(known ? &*known : nullptr, [&](const log::CheckProgress& state) {
          progress.show(progress_line(state, env.loop.now() - began));
        });
    progress.clear();
    if (!image) report.findings.push_back(unreadable(image.error()));
    co_await show(session, report);
  }

 private:
  static log::Finding unreadable(const Error& error) {
    return {.harm = Harm::kRecords,
            .where = "__cluster_metadata-0",
            .what = "the metadata cannot be read: " + error.message(),
            .remedy = "bring it back from a copy; without it no server starts here"};
  }

  static std::string_view after_stop(const log::CheckReport& report) {
    if (report.clean) return "";
    return report.journal
               ? "; the server was not stopped in order: its next start brings in what only its "
                 "journal holds"
               : "; the server was not stopped in order and left no journal (with "
                 "durability=page-cache there is none): its next start cuts what is incomplete";
  }

  static Result<> show(Session* session, log::CheckReport& report) {
    std::ranges::sort(report.findings, {}, [](const log::Finding& finding) {
      return std::tie(finding.harm, finding.where, finding.what);
    });
    std::vector<Value> rows;
    size_t left = 0;
    for (const log::Finding& finding : report.findings) {
      rows.emplace_back(row_of(finding));
      left += finding.repaired ? 0 : 1;
    }
    const bool sound = rows.empty();
    if (!sound || !session->out().is_for_people()) {
      TRY(session->out().rows(kColumns, std::move(rows)));
    }
    TRY(session->out().flush());
    session->note(fmt::format(
        "{}, {}, {}: {}{}", counted(static_cast<int64_t>(report.partitions), "partition"),
        counted(static_cast<int64_t>(report.segments), "segment"),
        human(report.bytes, Unit::kBytes),
        sound ? "nothing is wrong" : counted(static_cast<int64_t>(left), "finding") + " left",
        after_stop(report)));
    if (left > 0) session->exit_code = ExitCode::kDifferences;
    return {};
  }

  log::DirectoryCheckOptions options_;
};

}  // namespace

std::unique_ptr<Verb> make_log_check() {
  return std::make_unique<LogCheck>();
}

}  // namespace millrace::app
