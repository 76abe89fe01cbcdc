// Quorum: the metadata log of a cluster whose controller is this process alone, and the controller
// over it. Opens or founds the cluster, elects itself, writes what the controller decides, and
// publishes the image once it is on stable storage. Not what may change: that is
// metadata/controller.h; not votes: there is one voter.
//
//   change:  controller -> records -> append()  --log-->  stable  -> image, observer -> committed()
//            the controller's own image is ahead of the published one by what is under way
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/setting_values.h"
#include "broker/quorum_files.h"
#include "log/log_directory.h"
#include "metadata/controller.h"
#include "metadata/delta.h"
#include "metadata/image.h"
#include "metadata/loader.h"
#include "metadata/quorum_batch.h"
#include "runtime/env.h"
#include "runtime/scope.h"
#include "runtime/task.h"

namespace millrace::broker {

/// Is told of every change of the published image, before anybody who waits for it.
class ImageObserver {
 public:
  virtual ~ImageObserver() = default;
  virtual void on_image(const metadata::Image& image, const metadata::Delta& delta) = 0;
};

class Quorum {
 public:
  /// Borrows all. `settings` are the node's own, without what was changed while running.
  Quorum(runtime::Env& env, const Settings& settings, log::LogDirectory& logs, BrokerId node);
  Quorum(const Quorum&) = delete;
  Quorum& operator=(const Quorum&) = delete;
  ~Quorum();

  /// Reads snapshot and log, or founds the cluster; leads from then on, in a new epoch.
  /// Errors: kCorruptFile; kNewerFormat (features, files) and kUnsupportedVersion (records) of a
  /// newer cluster;
  /// kForeignDirectory (the quorum has other voters); kIo.
  runtime::Task<> open();

  /// Registers this process as the broker, with a new epoch, and unfences it.
  /// Requires: open().
  runtime::Task<> register_broker(std::vector<metadata::Endpoint> endpoints);

  /// From now on changes are told; everything before is in the image.
  void set_observer(ImageObserver* observer) { observer_ = observer; }

  BrokerId node() const { return node_; }
  const std::string& cluster_id() const { return logs_.meta().cluster_id; }
  LeaderEpoch epoch() const { return epoch_; }
  int64_t broker_epoch() const { return broker_epoch_; }

  /// What is committed. Lifetime: changes in place with every commit; look things up anew after a
  /// wait.
  const metadata::Image& image() const { return loader_->image(); }
  /// The offset behind the last committed record.
  Offset committed_offset() const { return loader_->next_offset(); }

  /// Decides what requests lead to. What it returns is to be appended before the next question.
  metadata::Controller& controller() { return *controller_; }

  /// Appends records and lets the controller know. Returns what committed() wants; for no records,
  /// what covers all that was decided before.
  /// Errors: kKafkaStorageError, kDiskFull, kRecordListTooLarge; nothing has changed then.
  Result<Offset> append(const metadata::Records& records,
                        metadata::BatchRule rule = metadata::BatchRule::kOneBatch);

  /// Waits until everything below `end` is stable, in the image, and known to the observer.
  /// Errors: kKafkaStorageError: whether the change will survive is not known.
  runtime::Task<> committed(Offset end);

  /// Ends its tasks; nothing is written any more.
  runtime::Task<> close();

 private:
  // Batches that were appended together.
  struct Uncommitted {
    Offset end;
    Buffer batches;
  };

  runtime::Task<> read_snapshot();
  Result<> check_not_lost() const;
  runtime::Task<> read_log();
  Result<> elect_self();
  runtime::Task<> activate();
  Result<metadata::Records> bootstrap_records(Arena& arena) const;

  Result<Offset> append_batches(Buffer batches);
  runtime::Task<> publish_all();
  void publish(Offset end);
  Result<metadata::Delta> load(Bytes batches);
  void fall(const Error& error);
  void take_snapshot_if_due();

  std::map<std::string, metadata::FeatureRange> offered_features() const;
  bool is_restart() const;

  runtime::Env& env_;
  const Settings& settings_;
  log::LogDirectory& logs_;
  BrokerId node_;
  QuorumFiles files_;
  LeaderEpoch epoch_;
  int64_t broker_epoch_ = -1;
  std::shared_ptr<log::PartitionLog> log_;
  std::optional<metadata::Loader> loader_{std::in_place};
  std::unique_ptr<metadata::Controller> controller_;
  ImageObserver* observer_ = nullptr;
  std::deque<Uncommitted> uncommitted_;
  std::optional<Error> failure_;
  int64_t bytes_since_snapshot_ = 0;
  MonoTime snapshot_at_;
  runtime::WaitQueue appended_;
  runtime::WaitQueue published_;
  runtime::Scope tasks_;
};

}  // namespace millrace::broker
