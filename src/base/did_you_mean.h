// Suggestions for a name that is not known. Only for errors: it looks at every name there is.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace millrace {

/// What may have been meant with `word`, for the end of a sentence: `; did you mean "orders"?`, or
/// nothing. Either the one candidate that a slip of the finger is away, or, when there is none, up
/// to three that have the word in them, those that begin with it first. Case does not matter.
/// Bounds: O(sum of the candidates' sizes * size of the word), the word cut off at 256.
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

}  // namespace millrace
