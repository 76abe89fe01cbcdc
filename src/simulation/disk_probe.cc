#include "simulation/disk_probe.h"

#include <fmt/core.h>
#include <utility>

namespace millrace::simulation {

std::string_view name_of(DiskChange kind) {
  switch (kind) {
    case DiskChange::kWrite:
      return "write";
    case DiskChange::kTruncate:
      return "truncate";
    case DiskChange::kCreate:
      return "create";
    case DiskChange::kRename:
      return "rename";
    case DiskChange::kRemove:
      return "remove";
    case DiskChange::kSyncBegin:
      return "sync begins";
    case DiskChange::kSyncEnd:
      return "sync ends";
    case DiskChange::kSyncDirectory:
      return "sync of a directory";
  }
  return "";
}

std::string_view name_of(Placement placement) {
  switch (placement) {
    case Placement::kBefore:
      return "before";
    case Placement::kWithin:
      return "within";
    case Placement::kAfter:
      return "after";
  }
  return "";
}

std::string DiskProbe::Change::to_string() const {
  std::string text = fmt::format("{} {}", name_of(kind), path);
  if (kind == DiskChange::kWrite) text += fmt::format(", {} bytes", bytes);
  return text;
}

void DiskProbe::arm(uint64_t number, Placement placement, std::function<void()> reached) {
  armed_ = number;
  placement_ = placement;
  reached_ = std::move(reached);
}

void DiskProbe::before(DiskChange kind, const std::string& path, int64_t bytes) {
  changes_.push_back({kind, path, bytes});
  reach(Placement::kBefore);
}

void DiskProbe::reach(Placement placement) {
  if (armed_ != changes_.size() || placement_ != placement || !reached_) return;
  std::exchange(reached_, nullptr)();
}

}  // namespace millrace::simulation
