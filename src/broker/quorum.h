// Quorum: the metadata log of a cluster whose controller is this process alone, and the controller
// over it. Opens or founds the cluster, elects itself, writes what the controller decides, and
// publishes the image once it is on stable storage. Not what may change: that is
// metadata/controller.h; not votes: there is one voter.
//
//   change:  controller -> records -> append()  --log-->  stable  -> image, observer -> committed()
//            the controller's own image is ahead of the published one by what is under way
//
// On disk, in __cluster_metadata-0 beside the log: quorum-state, snapshots. See kafka.md d.2, e.3.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/setting_values.h"
#include "kafka/record_batch_builder.h"
#include "log/log_directory.h"
#include "metadata/controller.h"
#include "metadata/delta.h"
#include "metadata/image.h"
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

  /// Reads the log, or founds the cluster; leads from then on, in a new epoch.
  /// Errors: kCorruptFile, kNewerFormat, kUnsupportedVersion (features of a newer cluster), kIo.
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

  /// What is committed. Lifetime: changes in place with every commit; look things up anew after a wait.
  const metadata::Image& image() const { return image_; }
  /// The offset behind the last committed record.
  Offset committed_offset() const { return committed_; }

  /// Decides what requests lead to. What it returns is to be appended before the next question.
  metadata::Controller& controller() { return *controller_; }

  /// Appends records as one batch and lets the controller know. Returns what committed() wants; for
  /// no records, what covers all that was decided before.
  /// Errors: kKafkaStorageError, kDiskFull; nothing has changed then.
  Result<Offset> append(const metadata::Records& records);

  /// Waits until everything below `end` is stable, in the image, and known to the observer.
  /// Errors: kKafkaStorageError: whether the change will survive is not known.
  runtime::Task<> committed(Offset end);

  /// Writes nothing any more. Requires: nobody waits in committed().
  runtime::Task<> close();

 private:
  struct Uncommitted {
    Offset end;
    Buffer batch;
  };

  runtime::Task<> read_log();
  static metadata::Records bootstrap_records();
  Result<> replay(const kafka::RecordBatchView& batch, metadata::Delta& delta);
  runtime::Task<> publish_all();
  void publish(Offset end);

  runtime::Env& env_;
  const Settings& settings_;
  log::LogDirectory& logs_;
  BrokerId node_;
  LeaderEpoch epoch_;
  int64_t broker_epoch_ = -1;
  std::shared_ptr<log::PartitionLog> log_;
  metadata::Image image_;
  std::unique_ptr<metadata::Controller> controller_;
  ImageObserver* observer_ = nullptr;
  kafka::Compressor compressor_;
  kafka::RecordBatchBuilder builder_;
  Offset committed_{0};
  std::deque<Uncommitted> uncommitted_;
  std::optional<Error> failure_;
  runtime::WaitQueue appended_;
  runtime::WaitQueue published_;
  runtime::Scope tasks_;
};

}  // namespace millrace::broker
