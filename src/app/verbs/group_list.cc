#include <CLI/CLI.hpp>

#include "app/verbs.h"
#include "client/admin.h"

namespace millrace::app {
namespace {

constexpr Column kColumns[] = {
    {"group"}, {"state"}, {"type"}, {"protocol_type", Unit::kNone, true}};

class GroupList : public Verb {
 public:
  void declare(CLI::App& app) override {
    app.add_option("--state", state_, "only groups in this state (Stable, Empty ...)");
  }

  runtime::Task<> run(Session* session) override {
    client::Cluster* cluster = co_await session->cluster();
    std::vector<Value> rows;
    for (const client::GroupListing& group : co_await client::list_groups(cluster)) {
      if (!state_.empty() && group.state != state_) continue;
      rows.push_back(Value::Object{{"group", group.id},
                                   {"state", group.state},
                                   {"type", group.type},
                                   {"protocol_type", group.protocol_type}});
    }
    if (rows.empty() && session->out().is_for_people()) session->note("no groups");
    co_await session->out().rows(kColumns, std::move(rows));
  }

 private:
  std::string state_;
};

}  // namespace

std::unique_ptr<Verb> make_group_list() {
  return std::make_unique<GroupList>();
}

}  // namespace millrace::app
