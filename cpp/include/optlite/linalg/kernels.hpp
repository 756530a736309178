// Products of a few adjacent rows with a vector: eight rows at a time, so that eight streams are
// read at once and the vector is loaded once for all of them. Data may be float; sums are double.
#pragma once

#include <algorithm>

#include "optlite/core/types.hpp"
#include "optlite/linalg/vectors.hpp"

namespace optlite::kernels {

/// Memory that is asked for a few cache lines at a time between pieces of work, so that reading it
/// overlaps with arithmetic. Hardware prefetchers cannot do this: they do not see the next block of
/// rows coming, and lose track of eight interleaved streams. Many lines at once would make the
/// arithmetic wait, since a core has some twenty reads under way at most.
struct Ahead {
  const char* at = nullptr;
  const char* end = nullptr;
  Index step = 0;  // bytes at a time

  Ahead() = default;
  /// `pieces`: how many calls of fetch() are to come.
  Ahead(const void* next, Index bytes, Index pieces)
      : at(static_cast<const char*>(next)),
        end(at + bytes),
        step(64 * (bytes / (64 * std::max<Index>(pieces, 1)) + 1)) {}

  /// `runs` runs of so many bytes, `distance` apart, whole ones at a time.
  static Ahead of_runs(const void* first, Index bytes, Index distance, Index runs, Index pieces) {
    Ahead ahead;
    ahead.run = static_cast<const char*>(first);
    ahead.step = bytes;
    ahead.distance = distance;
    ahead.runs = runs;
    ahead.at_once = runs / std::max<Index>(pieces, 1) + 1;
    return ahead;
  }

  void fetch() {
#if defined(__GNUC__) || defined(__clang__)
    if (at >= end) {
      if (runs > 0) fetch_runs();
      return;
    }
    // Into the second level: of the first, a block ahead would take more than there is.
    for (Index line = 0; line < step; line += 64) __builtin_prefetch(at + line, 0, 2);
    at += step;
#endif
  }

 private:
  const char* run = nullptr;
  Index distance = 0;
  Index runs = 0;
  Index at_once = 1;

  void fetch_runs() {
#if defined(__GNUC__) || defined(__clang__)
    for (Index k = 0; k < at_once && runs > 0; ++k, --runs, run += distance) {
      for (Index line = 0; line < step; line += 64) __builtin_prefetch(run + line, 0, 2);
    }
#endif
  }
};

/// Calls of fetch() that dot_rows and add_rows make.
inline Index fetches(Index rows, Index cols) { return (rows / 8) * (cols / 4); }

#ifdef OPTLITE_HAS_VECTORS

/// dot_rows() for so many rows, each of which is a stream of its own.
template <int few, class Scalar>
inline void dot_few_rows(const Scalar* x, Index stride, Index cols, const double* w, double* out,
                         Ahead& ahead) {
  using namespace vectors;
  Doubles s[few];
  for (int k = 0; k < few; ++k) s[k] = all(0.0);
  Index j = 0;
  for (; j + 4 <= cols; j += 4) {
    ahead.fetch();
    const Doubles v = load(w + j);
    for (int k = 0; k < few; ++k) s[k] += v * load_doubles(x + k * stride + j);
  }
  for (int k = 0; k < few; ++k) out[k] = sum(s[k]);
  for (; j < cols; ++j) {
    for (int k = 0; k < few; ++k) out[k] += w[j] * static_cast<double>(x[k * stride + j]);
  }
}

/// add_rows() for so many rows.
template <int few, bool fetching, class Scalar>
inline void add_few_rows(const Scalar* x, Index stride, Index cols, const double* r, double* out,
                         Ahead& ahead) {
  using namespace vectors;
  Doubles v[few];
  for (int k = 0; k < few; ++k) v[k] = all(r[k]);
  Index j = 0;
  for (; j + 4 <= cols; j += 4) {
    if constexpr (fetching) ahead.fetch();
    Doubles even = load(out + j);
    Doubles odd = v[1] * load_doubles(x + stride + j);
    for (int k = 0; k < few; k += 2) even += v[k] * load_doubles(x + k * stride + j);
    for (int k = 3; k < few; k += 2) odd += v[k] * load_doubles(x + k * stride + j);
    store(even + odd, out + j);
  }
  for (; j < cols; ++j) {
    for (int k = 0; k < few; ++k) out[j] += r[k] * static_cast<double>(x[k * stride + j]);
  }
}

#endif

/// out[i] = x_i . w for `rows` rows of length `cols`, `stride` apart.
template <class Scalar>
void dot_rows(const Scalar* x, Index stride, Index rows, Index cols, const double* w, double* out,
              Ahead* ahead = nullptr) {
  Index i = 0;
#ifdef OPTLITE_HAS_VECTORS
  Ahead own = ahead != nullptr ? *ahead : Ahead();
  for (; i + 8 <= rows; i += 8) {
    dot_few_rows<8>(x + i * stride, stride, cols, w, out + i, own);
  }
  for (; i + 4 <= rows; i += 4) {
    dot_few_rows<4>(x + i * stride, stride, cols, w, out + i, own);
  }
  if (ahead != nullptr) *ahead = own;
#endif
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
void add_rows(const Scalar* x, Index stride, Index rows, Index cols, const double* r, double* out,
              Ahead* ahead = nullptr) {
  Index i = 0;
#ifdef OPTLITE_HAS_VECTORS
  Ahead own = ahead != nullptr ? *ahead : Ahead();
  if (ahead == nullptr) {
    for (; i + 8 <= rows; i += 8)
      add_few_rows<8, false>(x + i * stride, stride, cols, r + i, out, own);
  }
  for (; i + 8 <= rows; i += 8) {
    add_few_rows<8, true>(x + i * stride, stride, cols, r + i, out, own);
  }
  for (; i + 4 <= rows; i += 4) {
    add_few_rows<4, false>(x + i * stride, stride, cols, r + i, out, own);
  }
  if (ahead != nullptr) *ahead = own;
#endif
  for (; i < rows; ++i) {
    const Scalar* a = x + i * stride;
    const double v = r[i];
#pragma omp simd
    for (Index j = 0; j < cols; ++j) out[j] += v * static_cast<double>(a[j]);
  }
}

}  // namespace optlite::kernels
