#include "simulation/file_tree.h"

#include <set>

#include "base/testing.h"

namespace millrace::simulation {
namespace {

constexpr CrashMood kAllLost{.keep = 0};

std::set<std::string> names(const FileTree& tree) {
  std::set<std::string> found;
  for (const auto& [path, inode] : tree.files()) found.insert(path);
  return found;
}

void put(FileTree& tree, const std::string& path, std::string_view text) {
  const InodeRef inode = tree.create(path, false).value();
  inode->content.write(0, as_bytes(text));
  inode->content.finish_sync(inode->content.start_sync());
}

std::string get(const FileTree& tree, const std::string& path) {
  const InodeRef inode = tree.find(path);
  if (!inode) return "(none)";
  std::string text(static_cast<size_t>(inode->content.size()), '\0');
  inode->content.read(0, {reinterpret_cast<uint8_t*>(text.data()), text.size()});
  return text;
}

TEST_CASE("a synced file in a directory that was not synced is lost with its name") {
  Random random(1);
  FileTree tree;
  put(tree, "kept", "k");
  REQUIRE(tree.sync("/"));
  put(tree, "lost", "l");
  tree.crash(random, kAllLost);
  CHECK(names(tree) == std::set<std::string>{"kept"});
  CHECK(get(tree, "kept") == "k");
}

TEST_CASE("a directory that was not synced above takes all in it along") {
  Random random(1);
  FileTree tree;
  REQUIRE(tree.create("a", true));
  put(tree, "a/file", "x");
  REQUIRE(tree.sync("a"));
  tree.crash(random, kAllLost);
  CHECK(tree.find("a") == nullptr);
}

TEST_CASE("a crash leaves a renamed file under its old name or its new one, never none or both") {
  std::set<std::string> outcomes;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    FileTree tree;
    put(tree, "target", "old");
    REQUIRE(tree.sync("."));
    put(tree, "temporary", "new");
    REQUIRE(tree.rename("temporary", "target"));
    tree.crash(random, CrashMood::draw(random, 0));
    const std::string outcome = get(tree, "target") + "/" + get(tree, "temporary");
    CHECK((outcome == "old/(none)" || outcome == "old/new" || outcome == "new/(none)"));
    outcomes.insert(outcome);
  }
  CHECK(outcomes.size() == 3);
}

TEST_CASE("two renames of a file in a row are never undone in the middle") {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    FileTree tree;
    put(tree, "a", "x");
    REQUIRE(tree.sync("."));
    REQUIRE(tree.rename("a", "b"));
    REQUIRE(tree.rename("b", "c"));
    tree.crash(random, CrashMood::draw(random, 0));
    CHECK(names(tree).size() == 1);
  }
}

TEST_CASE("unsynced changes of different files survive independently, in order only if asked") {
  std::set<std::set<std::string>> any;
  std::set<std::set<std::string>> in_order;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    for (const bool ordered : {false, true}) {
      Random random(seed);
      FileTree tree;
      put(tree, "a", "");
      put(tree, "b", "");
      tree.crash(random, {.keep = 0.5, .in_order = ordered});
      (ordered ? in_order : any).insert(names(tree));
    }
  }
  CHECK(any.size() == 4);
  CHECK(in_order == std::set<std::set<std::string>>{{}, {"a"}, {"a", "b"}});
}

TEST_CASE("a removal that was not synced may be undone, with the content") {
  Random random(1);
  FileTree tree;
  put(tree, "file", "text");
  REQUIRE(tree.sync("."));
  REQUIRE(tree.remove("file", false));
  CHECK(tree.find("file") == nullptr);
  tree.crash(random, kAllLost);
  CHECK(get(tree, "file") == "text");
}

TEST_CASE("a sync of one directory saves a rename into it from another") {
  Random random(1);
  FileTree tree;
  REQUIRE(tree.create("from", true));
  REQUIRE(tree.create("to", true));
  REQUIRE(tree.sync("."));
  put(tree, "from/file", "text");
  REQUIRE(tree.rename("from/file", "to/file"));
  REQUIRE(tree.sync("to"));
  tree.crash(random, kAllLost);
  CHECK(names(tree) == std::set<std::string>{"to/file"});
}

TEST_CASE("wrong calls are refused: missing, existing, not empty, a directory into itself") {
  FileTree tree;
  REQUIRE(tree.create("a", true));
  put(tree, "a/file", "");
  CHECK(tree.create("a/file", false).error().code() == Errc::kAlreadyExists);
  CHECK(tree.create("b/file", false).error().code() == Errc::kNotFound);
  CHECK(tree.create("a/file/x", false).error().code() == Errc::kIo);
  CHECK(tree.remove("a", true).error().code() == Errc::kIo);
  CHECK(tree.remove("a", false).error().code() == Errc::kIo);
  CHECK(tree.remove("c", false).error().code() == Errc::kNotFound);
  CHECK(tree.rename("a", "a/b").error().code() == Errc::kIo);
  CHECK(tree.rename("c", "d").error().code() == Errc::kNotFound);
  CHECK(tree.remove("/", true).error().code() == Errc::kIo);
  CHECK(names(tree) == std::set<std::string>{"a/file"});
}

TEST_CASE("a copy is the same tree and lives its own life, unsynced changes included") {
  Random random(1);
  FileTree tree;
  put(tree, "a", "one");
  REQUIRE(tree.sync("."));
  put(tree, "b", "two");
  const std::unique_ptr<FileTree> image = tree.copy();
  CHECK(names(*image) == names(tree));
  image->crash(random, kAllLost);
  CHECK(names(*image) == std::set<std::string>{"a"});
  CHECK(names(tree) == std::set<std::string>{"a", "b"});
}

TEST_CASE("names that are never synced do not pile up without limit") {
  FileTree tree;
  for (int i = 0; i < 10'000; ++i) REQUIRE(tree.create(std::to_string(i), false));
  CHECK(tree.unsynced_changes() < 3'000);
}

}  // namespace
}  // namespace millrace::simulation
