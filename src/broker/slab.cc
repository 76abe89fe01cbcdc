#include "broker/slab.h"

#include <memory>

namespace millrace::broker {

struct SlabRef::Slab {
  SlabPool* pool;
  std::unique_ptr<uint8_t[]> memory;
  size_t size;
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
}

SlabRef SlabPool::take() {
  if (kept_.empty()) return take(kSlabBytes, {});
  SlabRef::Slab* slab = kept_.back();
  kept_.pop_back();
  slab->references = 1;
  return SlabRef(slab);
}

SlabRef SlabPool::take(size_t size, MemoryGrant grant) {
  return SlabRef(new SlabRef::Slab{.pool = this,
                                   .memory = std::make_unique_for_overwrite<uint8_t[]>(size),
                                   .size = size,
                                   .references = 1,
                                   .grant = std::move(grant)});
}

void SlabPool::give_back(SlabRef::Slab* slab) {
  if (slab->size == kSlabBytes && kept_.size() < kKept) {
    slab->grant = {};
    kept_.push_back(slab);
  } else {
    delete slab;
  }
}

}  // namespace millrace::broker
