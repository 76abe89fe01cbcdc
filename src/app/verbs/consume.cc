#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "app/option_checks.h"
#include "app/progress.h"
#include "app/range_offsets.h"
#include "app/record_print.h"
#include "app/topic_facts.h"
#include "app/verbs.h"
#include "client/fetcher.h"
#include "client/group_consumer.h"

namespace millrace::app {
namespace {

using client::Fetched;
using client::TopicPartition;
using runtime::Task;

constexpr Duration kPollAtMost = milliseconds(250);  // how soon Ctrl-C is noticed

class Consume : public Verb {
 public:
  void declare(CLI::App& app) override {
    app.add_option("topic", topics_, "what to read; several may be named")->required();
    app.add_option("-r,--range", range_text_,
                   "FROM..TO, without TO itself: start end now 123 -10 @TIME -90m +N, P@FROM..TO");
    app.add_option("--offset", range_text_, "the same, as kcat and rpk spell it")->group("");
    app.add_option("-n,--count", count_, "stop after so many records")->check(whole_number(1));
    app.add_flag("--follow", follow_, "go on as records arrive, until Ctrl-C");
    app.add_option("-f,--print", print_,
                   "%t topic %p partition %o offset %T time %k key %v value %h headers \\n");
    app.add_option("-g,--group", group_,
                   "read as a member of this group and commit what was shown");
    app.add_option("--instance", instance_, "static membership: group.instance.id");
    app.add_option("--strategy", strategy_, "range, roundrobin, sticky, cooperative-sticky")
        ->check(one_of({"range", "roundrobin", "sticky", "cooperative-sticky"}));
  }

  bool stops_itself() const override { return true; }
  Duration stop_limit() const override { return seconds(3); }

  Task<> run(Session* session) override {
    session_ = session;
    progress_.emplace(session);
    printer_.emplace(session->out().options(), print_);
    session->out().raw(printer_->begin());
    if (group_.empty()) {
      co_await read_range();
    } else {
      co_await read_as_member();
    }
    progress_->clear();
    session->out().raw(printer_->end());
    co_await session->out().flush();
    session->note(how_far());
  }

 private:
  std::string how_far() const {
    return fmt::format("{}, {}", counted(shown_, "record"), human(bytes_, Unit::kBytes));
  }
  bool enough() const { return session_->stopping() || (count_ >= 0 && shown_ >= count_); }
  MonoTime soon() const { return session_->env().loop.now() + kPollAtMost; }

  Task<> read_range() {
    client::Cluster* cluster = co_await session_->cluster();
    const Range range = co_await parse_range(range_text_, session_->env().clock.wall());
    std::map<TopicPartition, Offset> from;
    for (const std::string& topic : topics_) {
      for (const auto& [partition, offsets] : co_await resolve_range(cluster, topic, range)) {
        const TopicPartition named{topic, partition};
        if (!follow_ && offsets.from >= offsets.to) continue;
        from[named] = offsets.from;
        ends_[named] = offsets.to;
        session_->detail(fmt::format("{}: {} to {}", coordinate(topic, partition),
                                     offsets.from.value,
                                     follow_ ? "for ever" : std::to_string(offsets.to.value - 1)));
      }
    }
    client::Fetcher fetcher(cluster, {});
    fetcher.assign(from);
    size_t left = from.size();
    while (left > 0 && !enough()) {
      for (const Fetched& fetched : co_await fetcher.poll(soon())) {
        (void)co_await show(fetched);
        if (follow_ || fetcher.position(fetched.partition) < ends_.at(fetched.partition)) continue;
        fetcher.pause(fetched.partition);
        --left;
      }
      co_await session_->out().flush();
    }
  }

  Task<> read_as_member() {
    if (!range_text_.empty() && range_text_ != "start..end") {
      co_await fail(
          Errc::kUsage,
          "a group reads on where it has committed: --range and --group exclude each other; "
          "millrace group reset moves the group");
    }
    client::Cluster* cluster = co_await session_->cluster();
    for (const std::string& topic : topics_) (void)co_await require_topic(cluster, topic);
    client::GroupConsumerOptions options{
        .group_id = group_, .instance_id = instance_, .topics = topics_};
    for (const auto strategy : {client::Strategy::kRange, client::Strategy::kRoundRobin,
                                client::Strategy::kSticky, client::Strategy::kCooperativeSticky}) {
      if (client::strategy_name(strategy) == strategy_) options.strategies = {strategy};
    }
    client::GroupConsumer consumer(
        cluster, options,
        [this](const auto& revoked, const auto& assigned) { tell_assignment(revoked, assigned); });
    session_->tell(fmt::format("joining group {}", group_));
    Result<> written;
    while (written && !enough() && !(at_end(consumer) && !follow_)) {
      const auto all_fetched = co_await consumer.poll(soon());
      for (const Fetched& fetched : all_fetched) {
        const std::optional<Offset> unseen = co_await show(fetched);
        if (unseen) consumer.seek(fetched.partition, *unseen);
        high_watermarks_[fetched.partition] = fetched.high_watermark;
      }
      if (all_fetched.empty()) co_await learn_ends(cluster, &consumer);
      written = session_->out().flush();
      if (written && !all_fetched.empty()) co_await commit(&consumer);
    }
    co_await consumer.leave();
    co_await std::move(written);
  }

  // What was shown and has left this process. A rebalance on the way gives it to somebody else once
  // more; that is said.
  Task<> commit(client::GroupConsumer* consumer) {
    const auto committed = co_await as_result(consumer->commit_positions());
    if (!committed) session_->note("not committed: " + committed.error().message());
  }

  // Without --follow a member ends once all its partitions are read to the end.
  bool at_end(const client::GroupConsumer& consumer) const {
    if (consumer.assignment().empty()) return false;
    for (const TopicPartition& partition : consumer.assignment()) {
      const auto end = high_watermarks_.find(partition);
      const Offset position = consumer.position(partition);
      if (end == high_watermarks_.end() || position < end->second) return false;
    }
    return true;
  }

  Task<> learn_ends(client::Cluster* cluster, const client::GroupConsumer* consumer) {
    if (follow_) co_return;
    // A copy: it may change while we wait.
    for (const TopicPartition& partition : std::vector(consumer->assignment())) {
      const auto end = co_await as_result(client::list_offset(cluster, partition, client::kLatest));
      if (end) high_watermarks_[partition] = end->offset;
    }
  }

  void tell_assignment(const std::vector<TopicPartition>& revoked,
                       const std::vector<TopicPartition>& assigned) const {
    for (const TopicPartition& p : revoked)
      session_->note(fmt::format("- {}", coordinate(p.topic, p.partition)));
    for (const TopicPartition& p : assigned)
      session_->note(fmt::format("+ {}", coordinate(p.topic, p.partition)));
  }

  // The first offset that was left out because it was enough; nothing when all was shown.
  Result<std::optional<Offset>> show(const Fetched& fetched) {
    const auto end = ends_.find(fetched.partition);
    const RecordPlace place{fetched.partition.topic, fetched.partition.partition};
    std::optional<Offset> unseen;
    const auto print = [&](const kafka::RecordView& record) -> Result<> {
      if (!unseen && enough()) unseen = record.offset;
      if (unseen) return {};
      if (!follow_ && end != ends_.end() && record.offset >= end->second) return {};
      line_.clear();
      TRY(printer_->append(line_, place, record));
      session_->out().raw(line_);
      ++shown_;
      bytes_ += payload_bytes(record);
      return {};
    };
    TRY(client::for_each_record(fetched, decompressor_, size_t{256} << 20, print));
    progress_->show(how_far());
    return unseen;
  }

  std::vector<std::string> topics_;
  std::string range_text_;
  int64_t count_ = -1;
  bool follow_ = false;
  std::string print_;
  std::string group_;
  std::string instance_;
  std::string strategy_;

  Session* session_ = nullptr;
  std::optional<Progress> progress_;
  std::optional<RecordPrinter> printer_;
  std::map<TopicPartition, Offset> ends_;
  std::map<TopicPartition, Offset> high_watermarks_;
  kafka::Decompressor decompressor_;
  std::string line_;
  int64_t shown_ = 0;
  int64_t bytes_ = 0;
};

}  // namespace

std::unique_ptr<Verb> make_consume() {
  return std::make_unique<Consume>();
}

}  // namespace millrace::app
