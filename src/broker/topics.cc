#include "broker/topics.h"

#include <fmt/core.h>

#include "base/logging.h"
#include "broker/log_settings.h"

namespace millrace::broker {

Result<std::shared_ptr<Partition>> Topic::partition(PartitionIndex index) {
  if (index.value < 0 || static_cast<size_t>(index.value) >= partitions_.size()) {
    return fail(Errc::kUnknownTopicOrPartition,
                fmt::format("{} has partitions 0 to {}, not {}", name_,
                            static_cast<int64_t>(partitions_.size()) - 1, index.value));
  }
  const Slot& slot = partitions_[static_cast<size_t>(index.value)];
  if (slot.is_waiting && !slot.is_asked) owner_.load_now(*this, index);
  if (!slot.partition) return fail(slot.missing, fmt::format("{}-{}", name_, index.value));
  return slot.partition;
}

Topics::~Topics() = default;

Topic* Topics::find(std::string_view name) {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

Topic* Topics::find(TopicId id) {
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
  int32_t index = 0;
  for (Topic::Slot& slot : found->second.partitions_) {
    const log::TopicPartition name{found->second.name(), PartitionIndex(index++)};
    if (!slot.partition && !slot.is_waiting) continue;
    if (slot.partition) slot.partition->close();
    slot = {};
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
  const auto [entry, is_new] = topics_.try_emplace(id, *this, wanted->name, id);
  Topic& topic = entry->second;
  if (is_new) {
    by_id_.emplace(id, &topic);
    by_name_.emplace(wanted->name, &topic);
  }
  topic.config_ = log_config(image, wanted->name);
  if (topic.partitions_.size() < wanted->partitions.size()) {
    topic.partitions_.resize(wanted->partitions.size());
  }
  for (const PartitionIndex index : changed) {
    const auto position = static_cast<size_t>(index.value);
    if (position >= topic.partitions_.size()) topic.partitions_.resize(position + 1);
    update_slot(topic, index, wanted->find(index));
  }
}

void Topics::update_slot(Topic& topic, PartitionIndex index, const metadata::Partition* wanted) {
  Topic::Slot& slot = topic.partitions_[static_cast<size_t>(index.value)];
  if (!wanted || wanted->leader != self_) {
    if (slot.partition) slot.partition->close();
    slot = {.missing = Errc::kNotLeaderOrFollower};
    return;
  }
  slot.leader_epoch = wanted->leader_epoch;
  if (slot.partition) {
    slot.partition->lead(wanted->leader_epoch);
  } else if (logs_.is_waiting({topic.name_, index})) {
    slot.missing = Errc::kNotLeaderOrFollower;
    slot.is_waiting = true;
  } else {
    serve(topic, index);
  }
}

void Topics::serve(Topic& topic, PartitionIndex index) {
  Topic::Slot& slot = topic.partitions_[static_cast<size_t>(index.value)];
  slot.is_waiting = slot.is_asked = false;
  Result<std::shared_ptr<log::PartitionLog>> log = log_of(topic, index);
  if (!log) {
    const Errc code = log.error().code();
    const bool may_pass = code == Errc::kDiskFull || code == Errc::kIo;
    const bool is_news = !may_pass || unserved_.emplace(topic.id_, index).second;
    if (is_news) {
      LOG_ERROR("broker", "{}-{} cannot be served: {}", topic.name_, index.value,
                log.error().message());
    }
    slot.missing = Errc::kKafkaStorageError;
    return;
  }
  unserved_.erase({topic.id_, index});
  slot.partition = std::make_shared<Partition>(*std::move(log), slot.leader_epoch);
}

// One that waited may turn out to be another topic's of this name.
Result<std::shared_ptr<log::PartitionLog>> Topics::log_of(const Topic& topic,
                                                          PartitionIndex index) {
  const log::TopicPartition name{topic.name_, index};
  const std::shared_ptr<log::PartitionLog> found = logs_.find(name);
  if (found && !found->topic_id().is_zero() && found->topic_id() != topic.id_) {
    set_aside(name, fmt::format("is of another topic, whose id is {}; of {} it has nothing",
                                found->topic_id().value.to_string(), topic.name_));
  }
  return logs_.create(name, topic.id_, topic.config_);
}

// Those that wait

log::LogDirectory::Facts Topics::facts_of(const log::TopicPartition& name) {
  const Topic* topic = find(name.topic);
  if (!topic) return {std::make_shared<const log::LogConfig>(), TopicId()};
  return {topic->config_, topic->id_};
}

void Topics::load_now(Topic& topic, PartitionIndex index) {
  const log::TopicPartition name{topic.name_, index};
  const Result<bool> loaded = logs_.load_now(name, {topic.config_, topic.id_});
  if (!loaded || *loaded) {
    serve(topic, index);
  } else {
    topic.partitions_[static_cast<size_t>(index.value)].is_asked = true;
  }
}

void Topics::on_loaded(const log::TopicPartition& name) {
  Topic* topic = find(name.topic);
  const auto position = static_cast<size_t>(name.partition.value);
  if (!topic || position >= topic->partitions_.size()) return;
  if (!topic->partitions_[position].is_waiting) return;
  serve(*topic, name.partition);
  // It may have been altered meanwhile.
  if (const auto log = logs_.find(name)) log->update_config(topic->config_);
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
      if (Topic* topic = find(resource.name)) update_config(image, *topic);
    } else if (resource.type == metadata::ConfigResourceType::kBroker) {
      // Every topic may inherit from it.
      for (auto& [id, topic] : topics_) update_config(image, topic);
    }
  }
}

void Topics::update_config(const metadata::Image& image, Topic& topic) const {
  topic.config_ = log_config(image, topic.name());
  for (const Topic::Slot& slot : topic.partitions_) {
    if (slot.partition) slot.partition->log().update_config(topic.config_);
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
  for (log::TopicPartition& name : logs_.waiting()) {  // for now by their names: see log_of()
    const metadata::Topic* topic = image.find_topic(name.topic);
    const metadata::Partition* known = topic ? topic->find(name.partition) : nullptr;
    if (!known || !known->has_replica(self_)) strays.push_back(std::move(name));
  }
  for (const log::TopicPartition& name : strays) {
    set_aside(name, "is on disk, but the cluster does not know it");
  }
}

void Topics::set_aside(const log::TopicPartition& name, std::string_view why) {
  LOG_WARNING("broker", "{} {}; set aside", name.to_string(), why);
  if (const Result<> done = logs_.set_aside(name); !done) {
    LOG_ERROR("broker", "{} cannot be set aside: {}", name.to_string(), done.error().message());
  }
}

}  // namespace millrace::broker
