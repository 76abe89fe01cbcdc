#include "broker/fetch_session.h"

#include <fmt/core.h>

namespace millrace::broker {
namespace {

constexpr int32_t kFinalEpoch = -1;
constexpr int32_t kInitialEpoch = 0;

int32_t epoch_after(int32_t epoch) {
  return epoch == INT32_MAX ? 1 : epoch + 1;
}

size_t partitions_in(const kafka::FetchRequest& request) {
  size_t count = 0;
  for (const auto& topic : request.topics) count += topic.partitions.size();
  for (const auto& topic : request.forgotten_topics_data) count += topic.partitions.size();
  return count;
}

FetchTarget target_of(const kafka::FetchRequest::Topic& topic,
                      const kafka::FetchRequest::Partition& partition) {
  return {.topic_id = topic.topic_id,
          .topic = std::string(topic.topic),
          .partition = partition.partition,
          .fetch_offset = partition.fetch_offset,
          .current_leader_epoch = partition.current_leader_epoch,
          .last_fetched_epoch = partition.last_fetched_epoch,
          .log_start_offset = partition.log_start_offset,
          .bytes_max = partition.partition_max_bytes};
}

}  // namespace

// One session

void FetchSession::put(FetchTarget target) {
  const auto found = by_key_.find(target.key());
  if (found == by_key_.end()) {
    const auto at = targets_.insert(targets_.end(), std::move(target));
    by_key_.emplace(at->key(), at);  // the key is a view of the list's own text
    return;
  }
  FetchTarget& known = *found->second;
  known.fetch_offset = target.fetch_offset;
  known.current_leader_epoch = target.current_leader_epoch;
  known.last_fetched_epoch = target.last_fetched_epoch;
  known.log_start_offset = target.log_start_offset;
  known.bytes_max = target.bytes_max;
}

void FetchSession::forget(const FetchTarget::Key& key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return;
  const auto target = found->second;
  by_key_.erase(found);
  targets_.erase(target);
}

void FetchSession::update(const kafka::FetchRequest& request) {
  for (const auto& topic : request.topics) {
    for (const auto& partition : topic.partitions) put(target_of(topic, partition));
  }
  for (const auto& topic : request.forgotten_topics_data) {
    for (const PartitionIndex partition : topic.partitions) {
      forget({topic.topic_id, topic.topic, partition});
    }
  }
}

// All of them

Result<FetchPlan> FetchSessions::plan(const kafka::FetchRequest& request, bool by_topic_id,
                                      bool privileged, MonoTime now) {
  const size_t partitions = partitions_in(request);
  if (partitions > kPartitionsMax) {
    return fail(Errc::kInvalidRequest, fmt::format("a fetch of {} partitions, and {} are the limit",
                                                   partitions, kPartitionsMax));
  }
  if (request.session_epoch != kInitialEpoch && request.session_epoch != kFinalEpoch) {
    return go_on(request, by_topic_id, now);
  }
  if (request.session_id != 0) leave(request.session_id);
  return open(request, by_topic_id, privileged, request.session_epoch == kInitialEpoch, now);
}

FetchPlan FetchSessions::open(const kafka::FetchRequest& request, bool by_topic_id, bool privileged,
                              bool cached, MonoTime now) {
  auto session = std::make_shared<FetchSession>();
  session->by_topic_id_ = by_topic_id;
  session->privileged_ = privileged;
  session->opened_at_ = session->used_at_ = now;
  session->update(request);
  // A session of nothing saves nothing.
  if (cached && session->size() > 0 && make_room(*session, now)) {
    session->id_ = new_id();
    enter(session);
  }
  const uint64_t ticket = session->take_ticket();
  const int32_t id = session->id_;
  return {.session = std::move(session), .incremental = false, .session_id = id, .ticket = ticket};
}

Result<FetchPlan> FetchSessions::go_on(const kafka::FetchRequest& request, bool by_topic_id,
                                       MonoTime now) {
  const auto found = sessions_.find(request.session_id);
  if (found == sessions_.end()) return fail(Errc::kFetchSessionIdNotFound);
  const std::shared_ptr<FetchSession> session = found->second;
  if (session->by_topic_id_ != by_topic_id) return fail(Errc::kFetchSessionTopicIdError);
  if (session->next_epoch_ != request.session_epoch) return fail(Errc::kInvalidFetchSessionEpoch);
  // Its size and last use are what it is filed under.
  leave(session->id_);
  session->next_epoch_ = epoch_after(session->next_epoch_);
  session->used_at_ = now;
  session->update(request);
  if (session->size() > kPartitionsMax) {
    return fail(Errc::kInvalidRequest, fmt::format("a fetch session of {} partitions, and {} are "
                                                   "the limit",
                                                   session->size(), kPartitionsMax));
  }
  enter(session);
  return FetchPlan{.session = session,
                   .incremental = true,
                   .session_id = session->id_,
                   .ticket = session->take_ticket()};
}

// Followers before consumers, large before small, used before unused; nobody within kEvictionAge.
bool FetchSessions::make_room(const FetchSession& wanting, MonoTime now) {
  if (sessions_.size() < sessions_max_) return true;
  if (by_last_use_.empty()) return false;
  const auto [used_at, unused_longest] = *by_last_use_.begin();
  if (now - used_at > kEvictionAge) {
    leave(unused_longest);
    return true;
  }
  for (const auto& [privileged, size, id] : by_size_) {
    if (std::tuple(privileged, size) >= std::tuple(wanting.privileged_, wanting.size())) break;
    if (now - sessions_.at(id)->opened_at_ <= kEvictionAge) continue;
    leave(id);
    return true;
  }
  return false;
}

void FetchSessions::enter(const std::shared_ptr<FetchSession>& session) {
  session->cached_ = true;
  sessions_.emplace(session->id_, session);
  by_last_use_.emplace(session->used_at_, session->id_);
  by_size_.emplace(session->privileged_, session->size(), session->id_);
}

void FetchSessions::leave(int32_t id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  const FetchSession& session = *found->second;
  by_last_use_.erase({session.used_at_, id});
  by_size_.erase({session.privileged_, session.size(), id});
  found->second->cached_ = false;
  sessions_.erase(found);
}

int32_t FetchSessions::new_id() {
  while (true) {
    const auto id = static_cast<int32_t>(random_.between(1, INT32_MAX));
    if (!sessions_.contains(id)) return id;
  }
}

}  // namespace millrace::broker
