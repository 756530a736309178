// Products of a few adjacent rows with a vector in single precision, for matrices that are kept in
// it to save memory traffic: twice as many numbers in a register, and none to convert. Partial sums
// of at most 512 columns or 8 rows are joined in double.
#pragma once

#include <algorithm>

#include "optlite/core/types.hpp"
#include "optlite/linalg/vectors.hpp"

namespace optlite::kernels {

#ifdef OPTLITE_HAS_VECTORS
namespace detail {

using vectors::Doubles;
using vectors::Floats;

/// Both halves of eight floats, as doubles.
inline Doubles low_doubles(const Floats& v) {
  return Doubles{static_cast<double>(v[0]), static_cast<double>(v[1]), static_cast<double>(v[2]),
                 static_cast<double>(v[3])};
}
inline Doubles high_doubles(const Floats& v) {
  return Doubles{static_cast<double>(v[4]), static_cast<double>(v[5]), static_cast<double>(v[6]),
                 static_cast<double>(v[7])};
}

inline double sum(const Floats& v) { return vectors::sum(low_doubles(v) + high_doubles(v)); }

}  // namespace detail
#endif

/// out[i] = x_i . w for `rows` rows of length `cols`, `stride` apart.
inline void dot_rows(const float* x, Index stride, Index rows, Index cols, const float* w,
                     double* out) {
  constexpr Index piece = 512;
  Index i = 0;
#ifdef OPTLITE_HAS_VECTORS
  using namespace vectors;
  for (; i + 8 <= rows; i += 8) {
    const float* row = x + i * stride;
    double total[8] = {};
    Index j = 0;
    while (j + 8 <= cols) {
      const Index end = std::min(j + piece, cols);
      Floats s[8];
      for (int k = 0; k < 8; ++k) s[k] = all(0.0f);
      for (; j + 8 <= end; j += 8) {
        const Floats v = load(w + j);
        for (int k = 0; k < 8; ++k) s[k] += v * load(row + k * stride + j);
      }
      for (int k = 0; k < 8; ++k) total[k] += detail::sum(s[k]);
    }
    for (; j < cols; ++j) {
      for (int k = 0; k < 8; ++k) total[k] += static_cast<double>(w[j] * row[k * stride + j]);
    }
    for (int k = 0; k < 8; ++k) out[i + k] = total[k];
  }
#endif
  for (; i < rows; ++i) {
    const float* a = x + i * stride;
    double total = 0.0;
    for (Index begin = 0; begin < cols; begin += piece) {
      const Index end = std::min(begin + piece, cols);
      float s = 0.0f;
#pragma omp simd reduction(+ : s)
      for (Index j = begin; j < end; ++j) s += w[j] * a[j];
      total += static_cast<double>(s);
    }
    out[i] = total;
  }
}

/// out += sum_i r_i x_i, or r_i x_i^2, for `rows` rows of length `cols`, `stride` apart.
template <bool squared = false>
inline void add_rows(const float* x, Index stride, Index rows, Index cols, const float* r,
                     double* out) {
  Index i = 0;
#ifdef OPTLITE_HAS_VECTORS
  using namespace vectors;
  for (; i + 8 <= rows; i += 8) {
    const float* row = x + i * stride;
    Floats v[8];
    for (int k = 0; k < 8; ++k) v[k] = all(r[i + k]);
    Index j = 0;
    for (; j + 8 <= cols; j += 8) {
      Floats part[2] = {all(0.0f), all(0.0f)};
      for (int k = 0; k < 8; ++k) {
        const Floats entry = load(row + k * stride + j);
        part[k % 2] += squared ? v[k] * entry * entry : v[k] * entry;
      }
      const Floats both = part[0] + part[1];
      store(load(out + j) + detail::low_doubles(both), out + j);
      store(load(out + j + 4) + detail::high_doubles(both), out + j + 4);
    }
    for (; j < cols; ++j) {
      for (int k = 0; k < 8; ++k) {
        const float entry = row[k * stride + j];
        out[j] += static_cast<double>(r[i + k] * (squared ? entry * entry : entry));
      }
    }
  }
#endif
  for (; i < rows; ++i) {
    const float* a = x + i * stride;
    const float v = r[i];
#pragma omp simd
    for (Index j = 0; j < cols; ++j) {
      out[j] += static_cast<double>(v * (squared ? a[j] * a[j] : a[j]));
    }
  }
}

}  // namespace optlite::kernels
