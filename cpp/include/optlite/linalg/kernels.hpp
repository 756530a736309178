// Products of a few adjacent rows with a vector: eight rows at a time, so that eight streams are
// read at once and the vector is loaded once for all of them. Data may be float; sums are double.
#pragma once

#include "optlite/core/types.hpp"

namespace optlite::kernels {

/// Asks for the next eight rows while the current ones are multiplied: hardware prefetchers lose
/// track of eight interleaved streams, which costs a fifth of the memory's bandwidth. Rows that are
/// long enough to be streams of their own need no help. Reading past the end is harmless here.
template <class Scalar>
inline void fetch_rows(const Scalar* x, Index stride, Index cols) {
#if defined(__GNUC__) || defined(__clang__)
  constexpr Index line = 64 / static_cast<Index>(sizeof(Scalar));
  if (cols > 1024) return;
  for (int i = 0; i < 8; ++i) {
    for (Index j = 0; j < cols; j += line) __builtin_prefetch(x + i * stride + j, 0, 2);
  }
#else
  (void)x, (void)stride, (void)cols;
#endif
}

/// out[i] = x_i . w for `rows` rows of length `cols`, `stride` apart.
template <class Scalar>
void dot_rows(const Scalar* x, Index stride, Index rows, Index cols, const double* w, double* out) {
  Index i = 0;
  for (; i + 8 <= rows; i += 8) {
    const Scalar* a = x + i * stride;
    const Scalar *b = a + stride, *c = b + stride, *d = c + stride;
    const Scalar *e = d + stride, *f = e + stride, *g = f + stride, *h = g + stride;
    fetch_rows(a + 8 * stride, stride, cols);
    double s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0;
#pragma omp simd reduction(+ : s0, s1, s2, s3, s4, s5, s6, s7)
    for (Index j = 0; j < cols; ++j) {
      const double v = w[j];
      s0 += v * static_cast<double>(a[j]);
      s1 += v * static_cast<double>(b[j]);
      s2 += v * static_cast<double>(c[j]);
      s3 += v * static_cast<double>(d[j]);
      s4 += v * static_cast<double>(e[j]);
      s5 += v * static_cast<double>(f[j]);
      s6 += v * static_cast<double>(g[j]);
      s7 += v * static_cast<double>(h[j]);
    }
    out[i] = s0;
    out[i + 1] = s1;
    out[i + 2] = s2;
    out[i + 3] = s3;
    out[i + 4] = s4;
    out[i + 5] = s5;
    out[i + 6] = s6;
    out[i + 7] = s7;
  }
  for (; i < rows; ++i) {
    const Scalar* a = x + i * stride;
    double s = 0;
#pragma omp simd reduction(+ : s)
    for (Index j = 0; j < cols; ++j) s += w[j] * static_cast<double>(a[j]);
    out[i] = s;
  }
}

/// out += sum_i r_i x_i for `rows` rows of length `cols`, `stride` apart.
template <class Scalar>
void add_rows(const Scalar* x, Index stride, Index rows, Index cols, const double* r, double* out) {
  Index i = 0;
  for (; i + 8 <= rows; i += 8) {
    const Scalar* a = x + i * stride;
    const Scalar *b = a + stride, *c = b + stride, *d = c + stride;
    const Scalar *e = d + stride, *f = e + stride, *g = f + stride, *h = g + stride;
    const double r0 = r[i], r1 = r[i + 1], r2 = r[i + 2], r3 = r[i + 3];
    const double r4 = r[i + 4], r5 = r[i + 5], r6 = r[i + 6], r7 = r[i + 7];
#pragma omp simd
    for (Index j = 0; j < cols; ++j) {
      const double first = (r0 * static_cast<double>(a[j]) + r1 * static_cast<double>(b[j])) +
                           (r2 * static_cast<double>(c[j]) + r3 * static_cast<double>(d[j]));
      const double second = (r4 * static_cast<double>(e[j]) + r5 * static_cast<double>(f[j])) +
                            (r6 * static_cast<double>(g[j]) + r7 * static_cast<double>(h[j]));
      out[j] += first + second;
    }
  }
  for (; i < rows; ++i) {
    const Scalar* a = x + i * stride;
    const double v = r[i];
#pragma omp simd
    for (Index j = 0; j < cols; ++j) out[j] += v * static_cast<double>(a[j]);
  }
}

}  // namespace optlite::kernels
