#include "broker/topics.h"

#include <fmt/core.h>

#include "base/logging.h"
#include "broker/log_settings.h"

namespace millrace::broker {

Result<std::shared_ptr<Partition>> Topic::partition(PartitionIndex index) const {
  if (index.value < 0 || static_cast<size_t>(index.value) >= partitions_.size()) {
    return fail(Errc::kUnknownTopicOrPartition,
                fmt::format("{} has partitions 0 to {}, not {}", name_,
                            static_cast<int64_t>(partitions_.size()) - 1, index.value));
  }
  const Slot& slot = partitions_[static_cast<size_t>(index.value)];
  if (!slot.partition) return fail(slot.missing, fmt::format("{}-{}", name_, index.value));
  return slot.partition;
}

Topics::~Topics() = default;

const Topic* Topics::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

const Topic* Topics::find(TopicId id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

void Topics::close() {
  for (auto& [id, topic] : topics_) {
    for (Topic::Slot& slot : topic.partitions_) {
      if (slot.partition) slot.partition->close();
    }
  }
}

// Following the image

void Topics::apply(const metadata::Image& image, const metadata::Delta& delta) {
  for (const auto& [id, topic] : delta.removed_topics) remove(id);
  for (const auto& [id, changed] : delta.partitions) update(image, id, changed);
  update_configs(image, delta.configs);
}

void Topics::remove(TopicId id) {
  const auto found = topics_.find(id);
  if (found == topics_.end()) return;
  for (Topic::Slot& slot : found->second.partitions_) {
    if (!slot.partition) continue;
    const log::TopicPartition name = slot.partition->log().name();
    slot.partition->close();
    slot.partition.reset();
    if (const Result<> removed = logs_.remove(name); !removed) {
      LOG_ERROR("broker", "{} is deleted, but not from the disk: {}", name.to_string(),
                removed.error().message());
    }
  }
  by_name_.erase(found->second.name());
  by_id_.erase(id);
  topics_.erase(found);
}

void Topics::update(const metadata::Image& image, TopicId id,
                    const std::set<PartitionIndex>& changed) {
  const metadata::Topic* wanted = image.find_topic(id);
  if (!wanted) return;  // created and removed within one delta
  const auto [entry, is_new] = topics_.try_emplace(id, wanted->name, id);
  Topic& topic = entry->second;
  if (is_new) {
    by_id_.emplace(id, &topic);
    by_name_.emplace(wanted->name, &topic);
  }
  // All partitions share it.
  const std::shared_ptr<const log::LogConfig> config = log_config(image, wanted->name);
  if (topic.partitions_.size() < wanted->partitions.size()) {
    topic.partitions_.resize(wanted->partitions.size());
  }
  for (const PartitionIndex index : changed) {
    const auto position = static_cast<size_t>(index.value);
    if (position >= topic.partitions_.size()) topic.partitions_.resize(position + 1);
    update_slot(topic.partitions_[position], *wanted, index, config);
  }
}

void Topics::update_slot(Topic::Slot& slot, const metadata::Topic& topic, PartitionIndex index,
                         const std::shared_ptr<const log::LogConfig>& config) {
  const metadata::Partition* wanted = topic.find(index);
  if (!wanted || wanted->leader != self_) {
    if (slot.partition) slot.partition->close();
    slot = {.partition = nullptr, .missing = Errc::kNotLeaderOrFollower};
    return;
  }
  if (slot.partition) {
    slot.partition->lead(wanted->leader_epoch);
    return;
  }
  Result<std::shared_ptr<log::PartitionLog>> log =
      logs_.create({topic.name, index}, topic.id, config);
  if (!log) {
    const Errc code = log.error().code();
    const bool may_pass = code == Errc::kDiskFull || code == Errc::kIo;
    const bool is_news = !may_pass || unserved_.emplace(topic.id, index).second;
    if (is_news) {
      LOG_ERROR("broker", "{}-{} cannot be served: {}", topic.name, index.value,
                log.error().message());
    }
    slot.missing = Errc::kKafkaStorageError;
    return;
  }
  unserved_.erase({topic.id, index});
  slot.partition = std::make_shared<Partition>(*std::move(log), wanted->leader_epoch);
}

void Topics::serve_unserved(const metadata::Image& image) {
  const auto unserved = unserved_;
  for (const auto& [id, index] : unserved) {
    if (topics_.contains(id)) {
      update(image, id, {index});
    } else {
      unserved_.erase({id, index});
    }
  }
}

// Settings

std::shared_ptr<const log::LogConfig> Topics::log_config(const metadata::Image& image,
                                                         std::string_view topic) const {
  return topic_log_config(TopicSettings(settings_, image.topic_config(topic)));
}

void Topics::update_configs(const metadata::Image& image,
                            const std::set<metadata::ConfigResource>& changed) {
  for (const metadata::ConfigResource& resource : changed) {
    if (resource.type == metadata::ConfigResourceType::kTopic) {
      if (const Topic* topic = find(resource.name)) update_config(image, *topic);
    } else if (resource.type == metadata::ConfigResourceType::kBroker) {
      // Every topic may inherit from it.
      for (const auto& [id, topic] : topics_) update_config(image, topic);
    }
  }
}

void Topics::update_config(const metadata::Image& image, const Topic& topic) const {
  const std::shared_ptr<const log::LogConfig> config = log_config(image, topic.name());
  for (const Topic::Slot& slot : topic.partitions_) {
    if (slot.partition) slot.partition->log().update_config(config);
  }
}

// The disk

void Topics::set_strays_aside(const metadata::Image& image) {
  std::vector<log::TopicPartition> strays;
  for (const auto& [name, log] : logs_.partitions()) {
    if (log->topic_id().value == kMetadataTopicUuid) continue;
    // Whose partition.metadata is lost is known by its name: a deleted topic's has another one.
    const metadata::Topic* topic = log->topic_id().is_zero() ? image.find_topic(name.topic)
                                                             : image.find_topic(log->topic_id());
    const metadata::Partition* known = topic ? topic->find(name.partition) : nullptr;
    if (!known || topic->name != name.topic || !known->has_replica(self_)) strays.push_back(name);
  }
  for (const log::TopicPartition& name : strays) {
    LOG_WARNING("broker", "{} is on disk, but the cluster does not know it; set aside",
                name.to_string());
    if (const Result<> done = logs_.set_aside(name); !done) {
      LOG_ERROR("broker", "{} cannot be set aside: {}", name.to_string(), done.error().message());
    }
  }
}

}  // namespace millrace::broker
