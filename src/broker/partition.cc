#include "broker/partition.h"

#include <fmt/core.h>

#include "base/check.h"

namespace millrace::broker {

void PartitionWatcher::unlink() {
  if (!link_) return;
  *link_ = next_;
  if (next_) next_->link_ = link_;
  link_ = nullptr;
  next_ = nullptr;
}

Partition::Partition(std::shared_ptr<log::PartitionLog> log, LeaderEpoch epoch)
    : log_(std::move(log)), leader_epoch_(epoch) {
  log_->begin_leader_epoch(epoch);
  log_->set_observer(this);
}

Partition::~Partition() {
  log_->set_observer(nullptr);
  while (first_watcher_) first_watcher_->unlink();
}

void Partition::close() {
  open_ = false;
  tell_watchers();
}

void Partition::lead(LeaderEpoch epoch) {
  if (epoch <= leader_epoch_) return;
  leader_epoch_ = epoch;
  log_->begin_leader_epoch(epoch);
  tell_watchers();
}

Result<> Partition::check_leader_epoch(LeaderEpoch believed) const {
  if (believed == kNoLeaderEpoch || believed == leader_epoch_) return {};
  const Errc code = believed < leader_epoch_ ? Errc::kFencedLeaderEpoch : Errc::kUnknownLeaderEpoch;
  return fail(code, fmt::format("{}: leader epoch {} here, {} in the request",
                                log_->name().to_string(), leader_epoch_.value, believed.value));
}

void Partition::watch(PartitionWatcher& watcher) {
  DCHECK(!watcher.link_);
  watcher.next_ = first_watcher_;
  watcher.link_ = &first_watcher_;
  if (first_watcher_) first_watcher_->link_ = &watcher.next_;
  first_watcher_ = &watcher;
}

void Partition::on_log_change(log::PartitionLog& /*log*/) {
  tell_watchers();
}

void Partition::tell_watchers() {
  for (PartitionWatcher* watcher = first_watcher_; watcher;) {
    PartitionWatcher* next = watcher->next_;
    watcher->on_partition_change(*this);
    watcher = next;
  }
}

}  // namespace millrace::broker
