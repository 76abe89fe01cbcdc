// OperatingClient: a process that does what an operator does to a workload's topics: creates and
// deletes some, adds partitions, changes settings, removes old records. It writes down what it was
// told, for the audit at the end.
#pragma once

#include "client/cluster.h"
#include "tests/simulation/workload.h"

namespace millrace::scenario {

/// The setting that is changed again and again, of the workload's first topic.
inline constexpr std::string_view kChangedSetting = "file.delete.delay.ms";

class OperatingClient {
 public:
  /// Borrows both. Begins at once and ends after Workload::stop().
  OperatingClient(runtime::Env& env, Workload& workload);

 private:
  static runtime::Task<> run(OperatingClient* self);
  runtime::Task<> roll_offsets_soon();
  runtime::Task<> do_something();
  runtime::Task<> create_topic();
  runtime::Task<> delete_topic();
  runtime::Task<> add_partition();
  runtime::Task<> change_setting();
  runtime::Task<> remove_records();

  runtime::Env& env_;
  Workload& workload_;
  client::Cluster cluster_;
  std::vector<std::string> created_;  // and not deleted
  int changes_ = 0;
  runtime::Scope scope_;
};

}  // namespace millrace::scenario
