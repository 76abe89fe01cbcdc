#include "broker/memory_budget.h"

namespace millrace::broker {

MemoryGrant::~MemoryGrant() {
  shrink(0);
}

void MemoryGrant::shrink(int64_t bytes) {
  if (!budget_ || bytes >= bytes_) return;
  budget_->give_back(bytes_ - bytes);
  bytes_ = bytes;
}

MemoryBudget::Claim::Claim(MemoryBudget* b, int64_t n) : budget(b), bytes(n) {
  previous = b->last_;
  (previous ? previous->next : b->first_) = this;
  b->last_ = this;
}

MemoryBudget::Claim::~Claim() {
  if (!granted) {
    budget->unlink(*this);
    budget->grant_in_line();
  } else if (bytes > 0) {
    budget->give_back(bytes);  // granted, and then cancelled before it could be used
  }
}

void MemoryBudget::unlink(Claim& claim) {
  (claim.previous ? claim.previous->next : first_) = claim.next;
  (claim.next ? claim.next->previous : last_) = claim.previous;
}

runtime::Task<MemoryGrant> MemoryBudget::take(int64_t bytes) {
  Claim claim(this, bytes);
  grant_in_line();
  while (!claim.granted) co_await claim.changed.wait();
  claim.bytes = 0;
  co_return MemoryGrant(this, bytes);
}

void MemoryBudget::give_back(int64_t bytes) {
  held_ -= bytes;
  grant_in_line();
}

void MemoryBudget::grant_in_line() {
  while (first_ && fits(first_->bytes)) {
    Claim& claim = *first_;
    unlink(claim);
    claim.granted = true;
    held_ += claim.bytes;
    claim.changed.wake_all();
  }
}

}  // namespace millrace::broker
