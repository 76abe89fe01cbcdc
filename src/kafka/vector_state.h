// Undoes what ISA-L leaves behind: its AVX-512 checksums (2.30, CRC-32C and gzip's) return without
// VZEROUPPER, and until somebody executes one, every SSE instruction of the thread pays for merging
// registers. Seen here as a sevenfold slower record builder.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace millrace::kafka {

#if defined(__x86_64__)
namespace detail {
__attribute__((target("avx"), noinline)) inline void zero_upper_halves() {
  _mm256_zeroupper();
}
}  // namespace detail
#endif

/// Call after each call of ISA-L. Runs: 1 ns.
inline void clean_vector_state() {
#if defined(__x86_64__)
  static const bool has_avx = __builtin_cpu_supports("avx") != 0;
  if (has_avx) detail::zero_upper_halves();
#endif
}

}  // namespace millrace::kafka
