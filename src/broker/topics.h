// Topics: the partitions this broker leads, found by topic name and by topic id. What exists is
// decided by the metadata image; this follows it, with the logs on disk. Not creating topics: that
// is the controller's (quorum.h).
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/setting_values.h"
#include "broker/partition.h"
#include "log/log_directory.h"
#include "metadata/delta.h"
#include "metadata/image.h"

namespace millrace::broker {

class Topics;

/// One topic, as far as this broker hosts it.
class Topic {
 public:
  Topic(Topics& owner, std::string name, TopicId id)
      : owner_(owner), name_(std::move(name)), id_(id) {}

  const std::string& name() const { return name_; }
  TopicId id() const { return id_; }
  size_t partition_count() const { return partitions_.size(); }

  /// Loads the partition's log if nobody has asked for it since the start.
  /// Errors: kUnknownTopicOrPartition when there is no such partition, kNotLeaderOrFollower when
  /// another broker leads it or its log is being recovered, kKafkaStorageError when its log could
  /// not be opened.
  Result<std::shared_ptr<Partition>> partition(PartitionIndex index);

 private:
  friend class Topics;
  struct Slot {
    std::shared_ptr<Partition> partition;
    LeaderEpoch leader_epoch;
    Errc missing = Errc::kUnknownTopicOrPartition;  ///< why, while there is none
    bool is_waiting = false;                        ///< its log is not loaded yet
    bool is_asked = false;                          ///< and will be soon
  };
  Topics& owner_;
  std::string name_;
  TopicId id_;
  std::shared_ptr<const log::LogConfig> config_;  // of all its partitions
  std::vector<Slot> partitions_;
};

class Topics {
 public:
  /// Borrows all. `settings` are the broker's: topics inherit from them.
  Topics(BrokerId self, const Settings& settings, log::LogDirectory& logs)
      : self_(self), settings_(settings), logs_(logs) {}
  Topics(const Topics&) = delete;
  Topics& operator=(const Topics&) = delete;
  ~Topics();

  /// Brings partitions and logs in line with the image, where `delta` says that it has changed.
  /// A log that cannot be opened is reported, and its partition answers KAFKA_STORAGE_ERROR.
  void apply(const metadata::Image& image, const metadata::Delta& delta);

  /// Whether there are partitions whose logs the disk did not let us create.
  bool has_unserved() const { return !unserved_.empty(); }
  /// Tries again to create these.
  void serve_unserved(const metadata::Image& image);

  /// What LogDirectory::load_waiting() asks for, and what it reports.
  log::LogDirectory::Facts facts_of(const log::TopicPartition& name);
  void on_loaded(const log::TopicPartition& name);

  /// Puts away logs that the image does not know: kept on disk, under another name.
  void set_strays_aside(const metadata::Image& image);

  /// Tells all watchers; nothing is served from here any more.
  void close();

  /// nullptr when there is none. Bounds: O(1). Lifetime: until the next apply().
  Topic* find(std::string_view name);
  Topic* find(TopicId id);

  std::map<TopicId, Topic>& all() { return topics_; }
  const log::LogDirectory& logs() const { return logs_; }
  /// What a topic's logs are to do now.
  std::shared_ptr<const log::LogConfig> log_config(const metadata::Image& image,
                                                   std::string_view topic) const;

 private:
  friend class Topic;
  struct NameHash {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
  };

  void remove(TopicId id);
  void update(const metadata::Image& image, TopicId id, const std::set<PartitionIndex>& changed);
  void update_slot(Topic& topic, PartitionIndex index, const metadata::Partition* wanted);
  void load_now(Topic& topic, PartitionIndex index);
  void serve(Topic& topic, PartitionIndex index);
  Result<std::shared_ptr<log::PartitionLog>> log_of(const Topic& topic, PartitionIndex index);
  void set_aside(const log::TopicPartition& name, std::string_view why);
  void update_configs(const metadata::Image& image,
                      const std::set<metadata::ConfigResource>& changed);
  void update_config(const metadata::Image& image, Topic& topic) const;

  BrokerId self_;
  const Settings& settings_;
  log::LogDirectory& logs_;
  std::map<TopicId, Topic> topics_;
  std::set<std::pair<TopicId, PartitionIndex>> unserved_;
  std::unordered_map<TopicId, Topic*> by_id_;
  std::unordered_map<std::string, Topic*, NameHash, std::equal_to<>> by_name_;
};

}  // namespace millrace::broker
