#include "simulation/file_tree.h"

#include <fmt/core.h>
#include <unordered_map>
#include <utility>

namespace millrace::simulation {
namespace {

// Beyond this many the oldest half is stable, as file systems commit their journal now and then.
constexpr size_t kJournalMax = 2048;

// Cuts the next name off `path`; empty at its end.
std::string_view next_name(std::string_view& path) {
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view name = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
    if (!name.empty() && name != ".") return name;
  }
  return {};
}

std::unexpected<Error> missing(std::string_view path) {
  return fail(Errc::kNotFound, fmt::format("{}: no such file or directory", path));
}

bool lies_within(const Inode& top, const Inode* wanted) {
  if (&top == wanted) return true;
  for (const auto& [name, inode] : top.names) {
    if (inode->is_directory && lies_within(*inode, wanted)) return true;
  }
  return false;
}

void collect(const Inode& directory, const std::string& path,
             std::vector<std::pair<std::string, InodeRef>>& into) {
  for (const auto& [name, inode] : directory.names) {
    const std::string inner = path.empty() ? name : path + "/" + name;
    if (inode->is_directory) {
      collect(*inode, inner, into);
    } else {
      into.emplace_back(inner, inode);
    }
  }
}

void crash_below(Inode& directory, Random& random, const CrashMood& mood) {
  directory.names = directory.stable_names;
  directory.linked = true;
  for (const auto& [name, inode] : directory.names) {
    inode->open_count = 0;
    if (inode->is_directory) {
      crash_below(*inode, random, mood);
    } else {
      inode->linked = true;
      inode->content.crash(random, mood);
    }
  }
}

// Copies inodes once each, however many names lead to them.
class Copier {
 public:
  InodeRef copy(const InodeRef& from) {
    if (!from) return nullptr;
    InodeRef& to = done_[from.get()];
    if (to) return to;
    to = std::make_shared<Inode>();
    InodeRef made = to;
    made->id = from->id;
    made->is_directory = from->is_directory;
    made->linked = from->linked;
    made->content = from->content;
    for (const auto& [name, inode] : from->names) made->names[name] = copy(inode);
    for (const auto& [name, inode] : from->stable_names) made->stable_names[name] = copy(inode);
    return made;
  }

 private:
  std::unordered_map<const Inode*, InodeRef> done_;
};

}  // namespace

FileTree::FileTree() : root_(std::make_shared<Inode>()) {
  root_->is_directory = true;
  root_->linked = true;
}

InodeRef FileTree::find(std::string_view path) const {
  InodeRef here = root_;
  for (std::string_view name = next_name(path); !name.empty(); name = next_name(path)) {
    const auto found = here->names.find(name);
    if (found == here->names.end()) return nullptr;
    here = found->second;
  }
  return here;
}

Result<FileTree::Place> FileTree::place_of(std::string_view path) const {
  std::string_view rest = path;
  Place place{root_, std::string(next_name(rest))};
  if (place.name.empty()) return fail(Errc::kIo, fmt::format("{}: is the root", path));
  for (std::string_view name = next_name(rest); !name.empty(); name = next_name(rest)) {
    const auto found = place.directory->names.find(place.name);
    if (found == place.directory->names.end()) return missing(path);
    if (!found->second->is_directory) {
      return fail(Errc::kIo, fmt::format("{}: {} is not a directory", path, place.name));
    }
    place = {found->second, std::string(name)};
  }
  return place;
}

Result<InodeRef> FileTree::create(std::string_view path, bool is_directory) {
  Place place = TRY(place_of(path));
  if (place.directory->names.contains(place.name)) {
    return fail(Errc::kAlreadyExists, fmt::format("{}: exists", path));
  }
  auto inode = std::make_shared<Inode>();
  inode->id = next_id_++;
  inode->is_directory = is_directory;
  inode->linked = true;
  change({.inode = inode, .to = place.directory, .to_name = place.name});
  return inode;
}

Result<InodeRef> FileTree::remove(std::string_view path, bool wants_directory) {
  Place place = TRY(place_of(path));
  const auto found = place.directory->names.find(place.name);
  if (found == place.directory->names.end()) return missing(path);
  InodeRef inode = found->second;
  if (inode->is_directory != wants_directory) {
    return fail(Errc::kIo, fmt::format("{}: is {} directory", path, wants_directory ? "no" : "a"));
  }
  if (!inode->names.empty()) return fail(Errc::kIo, fmt::format("{}: is not empty", path));
  inode->linked = false;
  change({.inode = inode, .from = place.directory, .from_name = place.name});
  return inode;
}

Result<InodeRef> FileTree::rename(std::string_view from_path, std::string_view to_path) {
  Place from = TRY(place_of(from_path));
  Place to = TRY(place_of(to_path));
  const auto found = from.directory->names.find(from.name);
  if (found == from.directory->names.end()) return missing(from_path);
  const InodeRef inode = found->second;
  if (lies_within(*inode, to.directory.get())) {
    return fail(Errc::kIo, fmt::format("{}: lies within {}", to_path, from_path));
  }
  const auto taken = to.directory->names.find(to.name);
  InodeRef replaced = taken == to.directory->names.end() ? nullptr : taken->second;
  if (replaced == inode) return InodeRef{};
  if (replaced && (replaced->is_directory || inode->is_directory)) {
    return fail(Errc::kAlreadyExists, fmt::format("{}: exists", to_path));
  }
  if (replaced) replaced->linked = false;
  change({.inode = inode,
          .from = from.directory,
          .from_name = from.name,
          .to = to.directory,
          .to_name = to.name});
  return replaced;
}

void FileTree::change(Change change) {
  apply(change, &Inode::names);
  journal_.push_back(std::move(change));
  if (journal_.size() <= kJournalMax) return;
  std::vector<bool> older(journal_.size());
  std::fill_n(older.begin(), kJournalMax / 2, true);
  make_stable(std::move(older));
}

void FileTree::apply(const Change& change, Inode::Names Inode::* layer) {
  if (change.from) {
    auto& names = (*change.from).*layer;
    const auto found = names.find(change.from_name);
    if (found != names.end() && found->second == change.inode) names.erase(found);
  }
  if (change.to) ((*change.to).*layer)[change.to_name] = change.inode;
}

bool FileTree::Change::depends_on(const Change& earlier) const {
  const auto same_place = [](const InodeRef& a, const std::string& a_name, const InodeRef& b,
                             const std::string& b_name) { return a && a == b && a_name == b_name; };
  return inode == earlier.inode || same_place(from, from_name, earlier.from, earlier.from_name) ||
         same_place(from, from_name, earlier.to, earlier.to_name) ||
         same_place(to, to_name, earlier.from, earlier.from_name) ||
         same_place(to, to_name, earlier.to, earlier.to_name);
}

Result<> FileTree::sync(std::string_view path) {
  const InodeRef directory = find(path);
  if (!directory || !directory->is_directory) return missing(path);
  std::vector<bool> chosen(journal_.size());
  for (size_t i = 0; i < journal_.size(); ++i) chosen[i] = journal_[i].touches(*directory);
  make_stable(std::move(chosen));
  return {};
}

// A change brings along the earlier ones of the same file or the same name.
void FileTree::make_stable(std::vector<bool> chosen) {
  for (size_t i = journal_.size(); i-- > 0;) {
    if (!chosen[i]) continue;
    for (size_t j = i; j-- > 0;) {
      if (!chosen[j] && journal_[i].depends_on(journal_[j])) chosen[j] = true;
    }
  }
  std::vector<Change> left;
  for (size_t i = 0; i < journal_.size(); ++i) {
    if (chosen[i]) {
      apply(journal_[i], &Inode::stable_names);
    } else {
      left.push_back(std::move(journal_[i]));
    }
  }
  journal_ = std::move(left);
}

void FileTree::crash(Random& random, const CrashMood& mood) {
  // A change survives only with all it depends on.
  std::vector<const Change*> lost;
  Spared spared(random, mood, journal_.size());
  const size_t first = mood.in_order ? Spared::in_order(random, mood, journal_.size()) : 0;
  for (size_t at = 0; at < journal_.size(); ++at) {
    const Change& change = journal_[at];
    bool kept = mood.in_order ? at < first : spared.next();
    for (size_t i = 0; kept && i < lost.size(); ++i) kept = !change.depends_on(*lost[i]);
    if (kept) {
      apply(change, &Inode::stable_names);
    } else {
      lost.push_back(&change);
    }
  }
  journal_.clear();
  crash_below(*root_, random, mood);
}

std::unique_ptr<FileTree> FileTree::copy() const {
  auto tree = std::make_unique<FileTree>();
  Copier copier;
  tree->next_id_ = next_id_;
  tree->root_ = copier.copy(root_);
  for (const Change& change : journal_) {
    tree->journal_.push_back({.inode = copier.copy(change.inode),
                              .from = copier.copy(change.from),
                              .from_name = change.from_name,
                              .to = copier.copy(change.to),
                              .to_name = change.to_name});
  }
  return tree;
}

std::vector<std::pair<std::string, InodeRef>> FileTree::files() const {
  std::vector<std::pair<std::string, InodeRef>> found;
  collect(*root_, "", found);
  return found;
}

}  // namespace millrace::simulation
