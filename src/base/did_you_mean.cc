#include "base/did_you_mean.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

namespace millrace {
namespace {

using Names = std::vector<std::string_view>;

constexpr size_t kWordBytesMax = 256;

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  });
  return out;
}

// Optimal string alignment: insert, delete, replace, swap neighbours; each costs one.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1);
  std::vector<size_t> previous(b.size() + 1);
  std::vector<size_t> current(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) previous[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      current[j] = std::min(
          {previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        current[j] = std::min(current[j], before[j - 2] + 1);
      }
    }
    before.swap(previous);
    previous.swap(current);
  }
  return previous[b.size()];
}

// Empty or one.
Names a_slip_away(std::string_view word, std::span<const std::string> candidates) {
  Names best;
  // One slip for each four letters, and one in any word: farther than that is another name.
  size_t best_distance = std::max<size_t>(1, word.size() / 4) + 1;
  for (const std::string& candidate : candidates) {
    const auto [shorter, longer] = std::minmax({word.size(), candidate.size()});
    if (longer - shorter >= best_distance) continue;  // so many letters must be added
    const size_t d = distance(word, lower(candidate));
    if (d >= best_distance) continue;
    best_distance = d;
    best = {candidate};
  }
  return best;
}

Names with_the_word(std::string_view word, std::span<const std::string> candidates) {
  constexpr size_t kNamesMax = 3;
  constexpr size_t kLettersMin = 3;  // fewer are in everything
  if (word.size() < kLettersMin) return {};
  Names begin;
  Names contain;
  for (const std::string& candidate : candidates) {
    const size_t at = lower(candidate).find(word);
    if (at != std::string::npos) (at == 0 ? begin : contain).push_back(candidate);
  }
  begin.insert(begin.end(), contain.begin(), contain.end());
  begin.resize(std::min(begin.size(), kNamesMax));
  return begin;
}

}  // namespace

std::string did_you_mean(std::string_view word, std::span<const std::string> candidates) {
  const std::string meant = lower(word.substr(0, kWordBytesMax));
  Names names = a_slip_away(meant, candidates);
  if (names.empty()) names = with_the_word(meant, candidates);
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string_view joint = i + 1 < names.size() ? ", " : " or ";
    text += fmt::format("{}\"{}\"", i == 0 ? "; did you mean " : joint, names[i]);
  }
  return text.empty() ? text : text + "?";
}

}  // namespace millrace
