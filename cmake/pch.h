// The standard headers nearly every source uses. Sources still include what they use.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <bit>
#include <compare>
#include <coroutine>
#include <cstdint>
#include <cstring>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>
