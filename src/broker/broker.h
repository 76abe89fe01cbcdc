// Broker: one whole server: listeners, metadata, logs, groups, made from an Env and Settings. Made
// by app and by the simulator; nothing here knows which.
//
//   start()   locks the data directory, reads what is there, registers, serves
//   stop()    accepts nobody, finishes what is under way, leaves a clean directory
//
// Destroying it at any moment is a crash: nothing is finished, nothing written.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/setting_values.h"
#include "broker/server.h"
#include "log/journal_ring.h"
#include "runtime/env.h"
#include "runtime/task.h"

namespace millrace::broker {

/// What `status` shows. A snapshot.
struct BrokerStatus {
  struct Parked {
    std::string what;  ///< who waits for what, and how much longer
  };
  BrokerId node;
  std::string cluster_id;
  std::string directory;
  int64_t broker_epoch = -1;
  LeaderEpoch controller_epoch;
  Offset metadata_offset;
  size_t topics = 0;
  int64_t partitions = 0;
  size_t connections = 0;
  size_t groups = 0;
  std::vector<std::string> parked_fetches;
  int64_t request_bytes = 0;            ///< memory that requests hold, of queued.max.request.bytes
  int64_t answer_bytes = 0;             ///< memory that records on their way to clients hold
  size_t open_segments = 0;             ///< each with a descriptor
  std::vector<std::string> unloadable;  ///< partitions whose logs could not be loaded, and why
  std::vector<std::string> failed;      ///< partitions that take nothing until a restart, and why
};

/// What is no setting, because nobody is to set it.
struct BrokerOptions {
  bool recovery_checks_crc = true;  ///< see log/log_directory.h
  log::JournalOptions journal = {};
};

class Broker {
 public:
  /// Borrows `env`. `settings` are all layers but the dynamic ones, which come from the metadata
  /// log.
  Broker(runtime::Env& env, Settings settings, BrokerOptions options = {});
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;
  ~Broker();

  /// Errors: kInvalidSetting; kLocked, kForeignDirectory, kNewerFormat and the like of the data
  /// directory; kAddressInUse when a port is taken. Nothing is left running then.
  runtime::Task<> start();
  /// Requires: started. Bounds: requests under way have kStopLimit to end.
  runtime::Task<> stop();
  /// Whether all that clients have written is stable now. Requires: stopped.
  bool stopped_clean() const;

  /// With the real ports. Requires: started.
  const std::vector<ListenerSpec>& listeners() const;
  /// Where the data is.
  const std::string& directory() const;
  BrokerStatus status() const;

  static constexpr Duration kStopLimit = seconds(10);

 private:
  struct Parts;

  runtime::Env& env_;
  Settings settings_;
  BrokerOptions options_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace millrace::broker
