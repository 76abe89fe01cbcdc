#include "broker/slab.h"

#include <algorithm>
#include <memory>

namespace millrace::broker {

struct SlabRef::Slab {
  SlabPool* pool;
  std::unique_ptr<uint8_t[]> memory;
  size_t capacity;
  size_t size;  // as it was asked for
  size_t references;
  MemoryGrant grant;
};

SlabRef::SlabRef(const SlabRef& other) : slab_(other.slab_) {
  if (slab_) ++slab_->references;
}

SlabRef::~SlabRef() {
  if (slab_ && --slab_->references == 0) slab_->pool->give_back(slab_);
}

bool SlabRef::only_reference() const {
  return slab_->references == 1;
}

MutableBytes SlabRef::bytes() const {
  return {slab_->memory.get(), slab_->size};
}

SlabPool::~SlabPool() {
  for (SlabRef::Slab* slab : kept_) delete slab;
  for (SlabRef::Slab* slab : large_kept_) delete slab;
}

SlabRef SlabPool::take() {
  if (kept_.empty()) return take(kSlabBytes, {});
  SlabRef::Slab* slab = kept_.back();
  kept_.pop_back();
  slab->references = 1;
  return SlabRef(slab);
}

SlabRef SlabPool::take(size_t size, MemoryGrant grant) {
  const auto fits = [size](const SlabRef::Slab* slab) {
    return slab->capacity >= size && slab->capacity / 2 <= size;
  };
  if (const auto found = std::ranges::find_if(large_kept_, fits); found != large_kept_.end()) {
    SlabRef::Slab* slab = *found;
    large_kept_.erase(found);
    large_bytes_kept_ -= slab->capacity;
    slab->size = size;
    slab->references = 1;
    slab->grant = std::move(grant);
    return SlabRef(slab);
  }
  return SlabRef(new SlabRef::Slab{.pool = this,
                                   .memory = std::make_unique_for_overwrite<uint8_t[]>(size),
                                   .capacity = size,
                                   .size = size,
                                   .references = 1,
                                   .grant = std::move(grant)});
}

void SlabPool::give_back(SlabRef::Slab* slab) {
  slab->grant = {};
  if (slab->capacity == kSlabBytes && kept_.size() < kKept) {
    kept_.push_back(slab);
  } else if (slab->capacity > kSlabBytes && large_bytes_kept_ + slab->capacity <= kLargeBytesKept) {
    large_bytes_kept_ += slab->capacity;
    large_kept_.push_back(slab);
  } else {
    delete slab;
  }
}

}  // namespace millrace::broker
