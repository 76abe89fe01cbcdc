#include "runtime/scope.h"

#include "base/logging.h"
#include "runtime/frame_pool.h"

namespace millrace::runtime {

// Lives from spawn() until the turn after its task has ended: a frame cannot be freed from inside
// itself.
struct Scope::Root : Runnable {
  static void* operator new(size_t size) { return allocate_frame(size); }
  static void operator delete(void* root, size_t size) { free_frame(root, size); }

  Root(Scope* s, const char* n, Task<> t)
      : Runnable([](Runnable& self) { static_cast<Root&>(self).step(); }),
        scope(s),
        name(n),
        task(std::move(t)) {
    chain.loop = &s->loop_;
    task.handle().promise().start_as_root(
        chain, [](void* self) { static_cast<Root*>(self)->ended(); }, this);
  }

  // The first run starts the task, the second clears it away.
  void step() {
    if (done) {
      scope->remove(*this);
    } else {
      task.handle().resume();
    }
  }

  void ended() {
    done = true;
    const std::optional<Error>& error = task.handle().promise().error();
    if (error && error->code() != Errc::kCancelled) {
      LOG_WARNING("runtime", "{} ended: {}", name, error->message());
    }
    scope->loop_.post(*this);
  }

  Scope* scope;
  const char* name;
  Chain chain;
  Task<> task;
  Root* next_root = nullptr;
  Root** link = nullptr;
  bool done = false;
};

Scope::~Scope() {
  closed_ = true;
  while (first_) remove(*first_);
}

void Scope::spawn(const char* name, Task<> task) {
  loop_.post(add(name, std::move(task)));
}

void Scope::start(const char* name, Task<> task) {
  add(name, std::move(task)).step();
}

Scope::Root& Scope::add(const char* name, Task<> task) {
  CHECK(!closed_);
  auto* root = new Root(this, name, std::move(task));
  root->next_root = first_;
  root->link = &first_;
  if (first_) first_->link = &root->next_root;
  first_ = root;
  ++size_;
  return *root;
}

void Scope::remove(Root& root) {
  *root.link = root.next_root;
  if (root.next_root) root.next_root->link = root.link;
  --size_;
  delete &root;
  if (size_ == 0) ended_.wake_all();
}

void Scope::cancel() {
  for (Root* root = first_; root; root = root->next_root) root->chain.cancel();
}

Task<> Scope::close() {
  closed_ = true;
  cancel();
  while (size_ > 0) co_await ended_.wait();
}

Task<> Scope::join() {
  while (size_ > 0) co_await ended_.wait();
}

}  // namespace millrace::runtime
