#include "simulation/file_content.h"

#include <algorithm>
#include <set>
#include <string>

#include "base/testing.h"

namespace millrace::simulation {
namespace {

std::string text_of(const FileContent& file) {
  std::string text(static_cast<size_t>(file.size()), '?');
  file.read(0, {reinterpret_cast<uint8_t*>(text.data()), text.size()});
  return text;
}

void sync(FileContent& file) {
  file.finish_sync(file.start_sync());
}

constexpr CrashMood kAllLost{.keep = 0};
constexpr CrashMood kAllKept{.keep = 1};

TEST_CASE("what was not synced is gone after a crash, what was synced is not") {
  Random random(1);
  FileContent file;
  file.write(0, as_bytes("stable"));
  sync(file);
  file.write(6, as_bytes(" and not"));
  file.write(0, as_bytes("S"));
  CHECK(text_of(file) == "Stable and not");
  FileContent lucky = file;
  file.crash(random, kAllLost);
  CHECK(text_of(file) == "stable");
  lucky.crash(random, kAllKept);
  CHECK(text_of(lucky) == "Stable and not");
}

TEST_CASE("a sync saves what was written before it began, not what came while it ran") {
  Random random(1);
  FileContent file;
  file.write(0, as_bytes("before"));
  const FileContent::Snapshot snapshot = file.start_sync();
  file.write(0, as_bytes("during and longer"));
  file.finish_sync(snapshot);
  CHECK(file.dirty());
  file.crash(random, kAllLost);
  CHECK(text_of(file) == "before");
}

TEST_CASE("a sync that ends after a later one takes nothing of it back") {
  Random random(1);
  FileContent file;
  file.write(0, as_bytes("first"));
  const FileContent::Snapshot slow = file.start_sync();
  file.write(5, as_bytes(std::string(2 * kPageBytes, 'x')));
  sync(file);
  file.finish_sync(slow);
  CHECK(!file.dirty());
  file.crash(random, kAllLost);
  CHECK(text_of(file) == "first" + std::string(2 * kPageBytes, 'x'));
}

TEST_CASE("a torn crash leaves each sector old or new, never a mixture") {
  bool mixed_file = false;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    FileContent file;
    file.write(0, as_bytes(std::string(3 * kPageBytes, 'a')));
    sync(file);
    file.write(0, as_bytes(std::string(3 * kPageBytes, 'b')));
    file.crash(random, {.keep = 0.5});
    const std::string text = text_of(file);
    std::set<char> seen;
    for (size_t at = 0; at < text.size(); at += kSectorBytes) {
      CHECK(text.substr(at, kSectorBytes) == std::string(kSectorBytes, text[at]));
      seen.insert(text[at]);
    }
    if (seen == std::set{'a', 'b'}) mixed_file = true;
  }
  CHECK(mixed_file);
}

TEST_CASE("a lost sector of a new end is zeros, or garbage where faults say so") {
  Random random(3);
  FileContent file;
  file.write(0, as_bytes(std::string(kPageBytes, 'x')));
  bool zeros = false;
  bool garbage = false;
  for (int i = 0; i < 20; ++i) {
    FileContent clean = file;
    clean.crash(random, {.keep = 0.5});
    for (const char c : text_of(clean)) {
      CHECK((c == 'x' || c == '\0'));
      zeros = zeros || c == '\0';
    }
    FileContent foul = file;
    foul.crash(random, {.keep = 0.5, .garbage = 1});
    for (const char c : text_of(foul)) garbage = garbage || (c != 'x' && c != '\0');
  }
  CHECK(zeros);
  CHECK(garbage);
}

TEST_CASE("after a failed sync the pages count as clean, and the next sync does not save them") {
  std::set<std::string> left;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    Random random(seed);
    FileContent file;
    file.write(0, as_bytes("old"));
    sync(file);
    file.write(0, as_bytes("new"));
    file.fail_sync(file.start_sync(), random);
    CHECK(!file.dirty());
    sync(file);
    file.crash(random, kAllKept);
    left.insert(text_of(file));
  }
  // The disk may have written them before it failed; nobody can know.
  CHECK(left == std::set<std::string>{"old", "new"});
}

TEST_CASE("a file that was cut and written again is as before, as now, or empty") {
  const std::string old_text(2 * kPageBytes, 'o');
  const std::string new_text(kPageBytes, 'n');
  std::set<std::string> left;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    FileContent file;
    file.write(0, as_bytes(old_text));
    sync(file);
    file.truncate(0);
    file.write(0, as_bytes(new_text));
    file.crash(random, {.keep = 0.5, .sector = kPageBytes});
    const std::string text = text_of(file);
    left.insert(text);
    // What is undone is undone as a whole.
    CHECK((text.find('o') == std::string::npos || text == old_text));
  }
  for (const std::string& state : {old_text, new_text, std::string()}) CHECK(left.contains(state));
}

TEST_CASE("a disk that writes 4 KiB at a time leaves each page old or new") {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    FileContent file;
    file.write(0, as_bytes(std::string(8 * kPageBytes, 'a')));
    file.crash(random, {.keep = 0.5, .each_its_own = true, .sector = kPageBytes});
    const std::string text = text_of(file);
    for (size_t at = 0; at + kPageBytes <= text.size(); at += kPageBytes) {
      CHECK(text.substr(at, kPageBytes) == std::string(kPageBytes, text[at]));
    }
  }
}

TEST_CASE("a power loss spares every subset of a few sectors") {
  std::set<std::string> subsets;
  for (uint64_t seed = 0; seed < 5'000; ++seed) {
    Random random(seed);
    FileContent file;
    file.write(0, as_bytes(std::string(5 * kSectorBytes, 'a')));
    sync(file);
    file.write(0, as_bytes(std::string(5 * kSectorBytes, 'b')));
    file.crash(random, CrashMood::draw(random, 0));
    std::string subset;
    for (size_t at = 0; at < 5; ++at) subset += text_of(file)[at * kSectorBytes];
    subsets.insert(subset);
  }
  CHECK(subsets.size() == 32);
}

TEST_CASE("a file that is cut and grows again shows zeros, not its past") {
  Random random(5);
  FileContent file;
  file.write(0, as_bytes(std::string(10'000, 'p')));
  sync(file);
  file.truncate(5'000);
  file.truncate(10'000);
  const std::string text = text_of(file);
  CHECK(text == std::string(5'000, 'p') + std::string(5'000, '\0'));
  CHECK(file.pages() == 2);
  sync(file);
  file.crash(random, kAllLost);
  CHECK(text_of(file) == text);
}

TEST_CASE("an unsynced cut may be undone by a crash") {
  Random random(6);
  FileContent file;
  file.write(0, as_bytes("whole"));
  sync(file);
  file.truncate(0);
  file.crash(random, kAllLost);
  CHECK(text_of(file) == "whole");
}

TEST_CASE("holes take no room") {
  FileContent file;
  file.truncate(1 << 20);
  file.write(1 << 19, as_bytes("x"));
  CHECK(file.pages() == 1);
  CHECK(file.pages_to_write(1 << 19, 1) == 0);
  CHECK(file.pages_to_write(0, kPageBytes + 1) == 2);
}

TEST_CASE("a flipped bit is in both layers and no sync heals it") {
  Random random(8);
  FileContent file;
  file.write(0, as_bytes("abc"));
  sync(file);
  file.flip_bit(1, 0);
  CHECK(text_of(file) == "acc");
  sync(file);
  file.crash(random, kAllLost);
  CHECK(text_of(file) == "acc");
}

// The legal content of each sector after a crash: what it was at the last sync, or at any time
// since; its end may be zeros, where the file was cut.
class Model {
 public:
  std::string text;

  void write(size_t at, std::string_view bytes) {
    if (text.size() < at + bytes.size()) text.resize(at + bytes.size());
    text.replace(at, bytes.size(), bytes);
    remember();
  }
  void truncate(size_t size) {
    text.resize(size);
    remember();
  }
  void synced() { since_ = {text}; }
  bool allows(size_t sector, std::string_view bytes) const {
    const std::string_view content = bytes.substr(0, bytes.find_last_not_of('\0') + 1);
    return std::any_of(since_.begin(), since_.end(), [&](const std::string& version) {
      return content.empty() ||
             (version.size() > sector && version.substr(sector).starts_with(content));
    });
  }

 private:
  void remember() { since_.push_back(text); }
  std::vector<std::string> since_{""};
};

TEST_CASE("random writes, cuts, syncs and crashes agree with a model") {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    FileContent file;
    Model model;
    for (int step = 0; step < 60; ++step) {
      const uint64_t what = random.below(10);
      if (what < 6) {
        const size_t at = random.below(20'000);
        const std::string bytes(1 + random.below(6'000), static_cast<char>('a' + random.below(26)));
        file.write(static_cast<int64_t>(at), as_bytes(bytes));
        model.write(at, bytes);
      } else if (what == 6) {
        const size_t size = random.below(25'000);
        file.truncate(static_cast<int64_t>(size));
        model.truncate(size);
      } else if (what == 7) {
        sync(file);
        model.synced();
      } else if (what == 8) {
        file.write_back(random);
      } else if (random.chance(0.3)) {
        file.crash(random, CrashMood::draw(random, 0));
        const std::string after = text_of(file);
        for (size_t at = 0; at < after.size(); at += kSectorBytes) {
          CHECK(model.allows(at, std::string_view(after).substr(at, kSectorBytes)));
        }
        model.text = after;
        model.synced();
      }
      REQUIRE(text_of(file) == model.text);
    }
  }
}

}  // namespace
}  // namespace millrace::simulation
