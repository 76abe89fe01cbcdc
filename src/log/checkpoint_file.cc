#include "log/checkpoint_file.h"

#include <fmt/core.h>

#include <charconv>

#include "base/printable.h"

namespace millrace::log {
namespace {

template <class Number>
bool parse_number(std::string_view text, Number& into) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, into);
  return error == std::errc() && stop == end;
}

std::unexpected<Error> malformed(size_t line_number, std::string_view line) {
  return fail(Errc::kCorruptFile,
              fmt::format("malformed line {}: \"{}\"", line_number, printable(line)));
}

/// Calls `take(line)` for each entry; it returns whether the entry is well-formed.
template <class TakeEntry>
Result<> parse_checkpoint(std::string_view text, TakeEntry take) {
  size_t line_number = 0;
  size_t expected = 0;
  size_t found = 0;
  while (!text.empty()) {
    const size_t newline = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, newline);
    text.remove_prefix(std::min(newline + 1, text.size()));
    if (++line_number == 1) {
      int version = 0;
      if (!parse_number(line, version)) return malformed(line_number, line);
      if (version != 0) {
        return fail(Errc::kNewerFormat, fmt::format("checkpoint version {}, not 0", version));
      }
    } else if (line_number == 2) {
      if (!parse_number(line, expected)) return malformed(line_number, line);
    } else {
      if (!take(line)) return malformed(line_number, line);
      ++found;
    }
  }
  if (found != expected) {
    return fail(Errc::kCorruptFile, fmt::format("{} entries, {} expected", found, expected));
  }
  return {};
}

}  // namespace

Offset offset_of(const OffsetCheckpoint& checkpoint, const TopicPartition& name) {
  const auto found = checkpoint.find(name);
  return found == checkpoint.end() ? Offset(0) : found->second;
}

std::string format_offset_checkpoint(const OffsetCheckpoint& offsets) {
  std::string text = fmt::format("0\n{}\n", offsets.size());
  for (const auto& [name, offset] : offsets) {
    text += fmt::format("{} {} {}\n", name.topic, name.partition.value, offset.value);
  }
  return text;
}

Result<OffsetCheckpoint> parse_offset_checkpoint(std::string_view text) {
  OffsetCheckpoint offsets;
  TRY(parse_checkpoint(text, [&](std::string_view line) {
    const size_t first = line.find(' ');
    const size_t second = line.rfind(' ');
    if (first == std::string_view::npos || first == second || first == 0) return false;
    TopicPartition name{std::string(line.substr(0, first)), {}};
    Offset offset;
    return parse_number(line.substr(first + 1, second - first - 1), name.partition.value) &&
           parse_number(line.substr(second + 1), offset.value) && name.partition.value >= 0 &&
           offset.value >= 0 && offsets.emplace(std::move(name), offset).second;
  }));
  return offsets;
}

std::string format_epoch_checkpoint(const std::vector<EpochEntry>& epochs) {
  std::string text = fmt::format("0\n{}\n", epochs.size());
  for (const EpochEntry& entry : epochs) {
    text += fmt::format("{} {}\n", entry.epoch.value, entry.start_offset.value);
  }
  return text;
}

Result<std::vector<EpochEntry>> parse_epoch_checkpoint(std::string_view text) {
  std::vector<EpochEntry> epochs;
  TRY(parse_checkpoint(text, [&](std::string_view line) {
    const size_t space = line.find(' ');
    EpochEntry entry;
    if (space == std::string_view::npos ||
        !parse_number(line.substr(0, space), entry.epoch.value) ||
        !parse_number(line.substr(space + 1), entry.start_offset.value) || entry.epoch.value < 0 ||
        entry.start_offset.value < 0) {
      return false;
    }
    if (!epochs.empty() &&
        (entry.epoch <= epochs.back().epoch || entry.start_offset < epochs.back().start_offset)) {
      return false;
    }
    epochs.push_back(entry);
    return true;
  }));
  return epochs;
}

}  // namespace millrace::log
