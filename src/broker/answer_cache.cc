#include "broker/answer_cache.h"

namespace millrace::broker {
namespace {

constexpr size_t kEntryBytes = 128;  // what an entry takes besides its bytes, about

}  // namespace

// Version and port first, then two texts that the zero between them tells apart: no host has one.
const std::string& AnswerCache::key_of(const Question& question) {
  key_.clear();
  for (const int value : {int{static_cast<int16_t>(question.api)}, int{question.version},
                          int{question.advertised.port}}) {
    key_.push_back(static_cast<char>(value >> 8));
    key_.push_back(static_cast<char>(value));
  }
  key_.append(question.advertised.host);
  key_.push_back('\0');
  key_.append(as_text(question.body));
  return key_;
}

std::shared_ptr<const Buffer> AnswerCache::find(const Question& question, Offset metadata_end) {
  if (metadata_end != metadata_end_) forget();
  metadata_end_ = metadata_end;
  const auto found = answers_.find(key_of(question));
  return found == answers_.end() ? nullptr : found->second;
}

std::shared_ptr<const Buffer> AnswerCache::insert(const Question& question, Offset metadata_end,
                                                  Buffer answer) {
  auto kept = std::make_shared<const Buffer>(std::move(answer));
  if (metadata_end != metadata_end_) forget();
  metadata_end_ = metadata_end;
  const std::string& key = key_of(question);
  const size_t bytes = key.size() + kept->capacity() + kEntryBytes;
  if (bytes > bytes_max_) return kept;
  if (bytes_ + bytes > bytes_max_) forget();
  if (answers_.emplace(key, kept).second) bytes_ += bytes;
  return kept;
}

void AnswerCache::forget() {
  answers_.clear();
  bytes_ = 0;
}

}  // namespace millrace::broker
