// Products of a few adjacent rows with a vector: eight rows at a time, so that eight streams are
// read at once and the vector is loaded once for all of them. Data may be float; sums are double.
#pragma once

#include <algorithm>
#include <cstdint>

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

/// out[i] = x_i . w for `rows` rows of length `cols`, `stride` apart.
template <class Scalar>
void dot_rows(const Scalar* x, Index stride, Index rows, Index cols, const double* w, double* out,
              Ahead* ahead = nullptr) {
  Index i = 0;
#ifdef OPTLITE_HAS_VECTORS
  using namespace vectors;
  Ahead own = ahead != nullptr ? *ahead : Ahead();
  for (; i + 8 <= rows; i += 8) {
    const Scalar* row = x + i * stride;
    Doubles s[8];
    for (int k = 0; k < 8; ++k) s[k] = all(0.0);
    Index j = 0;
    for (; j + 4 <= cols; j += 4) {
      own.fetch();
      const Doubles v = load(w + j);
      for (int k = 0; k < 8; ++k) s[k] += v * load_doubles(row + k * stride + j);
    }
    for (int k = 0; k < 8; ++k) out[i + k] = sum(s[k]);
    for (; j < cols; ++j) {
      for (int k = 0; k < 8; ++k) out[i + k] += w[j] * static_cast<double>(row[k * stride + j]);
    }
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
  using namespace vectors;
  Ahead own = ahead != nullptr ? *ahead : Ahead();
  for (; i + 8 <= rows; i += 8) {
    const Scalar* row = x + i * stride;
    Doubles v[8];
    for (int k = 0; k < 8; ++k) v[k] = all(r[i + k]);
    Index j = 0;
    for (; j + 4 <= cols; j += 4) {
      own.fetch();
      Doubles even = load(out + j);
      Doubles odd = v[1] * load_doubles(row + stride + j);
      for (int k = 0; k < 8; k += 2) even += v[k] * load_doubles(row + k * stride + j);
      for (int k = 3; k < 8; k += 2) odd += v[k] * load_doubles(row + k * stride + j);
      store(even + odd, out + j);
    }
    for (; j < cols; ++j) {
      for (int k = 0; k < 8; ++k) out[j] += r[i + k] * static_cast<double>(row[k * stride + j]);
    }
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

/// How rows that come from memory, none of which a cache holds yet, are read for both products:
/// found by measurement, since neither the arithmetic nor the reading should ever wait.
template <class Scalar>
struct Stream;
template <>
struct Stream<double> {
  static constexpr Index rows = 1;  // at a time: their order in memory, which prefetchers follow
  static constexpr Index vectors = 2;  // of a row at a time: one line of cache
  static constexpr int requests = 4;  // for each line
};
template <>
struct Stream<float> {
  static constexpr Index rows = 4;  // half the bytes leave half the time for the arithmetic
  static constexpr Index vectors = 1;
  static constexpr int requests = 2;
};

/// Asks for a line of cache into the second level, and again for some that were asked for before: a
/// processor drops requests while it has many under way. Past the end of the data nothing happens.
template <int requests>
inline void request_line(std::uintptr_t address) {
#if defined(__GNUC__) || defined(__clang__)
  constexpr std::uintptr_t apart = 2048;
  for (std::uintptr_t k = 0; k < requests; ++k) {
    __builtin_prefetch(reinterpret_cast<const void*>(address - k * apart), 0, 2);
  }
#else
  (void)address;
#endif
}

/// out[i] = x_i . w and sum += sum_i r_i y_i for as many rows x as y, each `cols` long and without
/// gaps, x from memory and y from cache: reading one takes place beside the arithmetic for both.
template <class Scalar>
void dot_and_add_rows(const Scalar* x, const Scalar* y, Index rows, Index cols, const double* w,
                      double* out, const double* r, double* sum) {
  Index i = 0;
#ifdef OPTLITE_HAS_VECTORS
  using namespace vectors;
  using S = Stream<Scalar>;
  constexpr Index least_distance = 32768;
  const Index group = S::rows * cols * static_cast<Index>(sizeof(Scalar));
  const auto distance = static_cast<std::uintptr_t>(std::max(least_distance, group));
  for (; i + S::rows <= rows; i += S::rows) {
    const Scalar* dotted = x + i * cols;
    const Scalar* added = y + i * cols;
    Doubles s[S::vectors][S::rows];
    Doubles v[S::rows];
    for (Index k = 0; k < S::rows; ++k) {
      v[k] = all(r[i + k]);
      for (Index u = 0; u < S::vectors; ++u) s[u][k] = all(0.0);
    }
    const auto step = [&](Index j, Doubles* sums) {
      const Doubles a = load(w + j);
      Doubles t = load(sum + j);
      for (Index k = 0; k < S::rows; ++k) {
        sums[k] += a * load_doubles(dotted + k * cols + j);
        t += v[k] * load_doubles(added + k * cols + j);
      }
      store(t, sum + j);
    };
    auto line = reinterpret_cast<std::uintptr_t>(dotted) + distance;
    Index j = 0;
    for (; j + 4 * S::vectors <= cols; j += 4 * S::vectors, line += 64) {
      request_line<S::requests>(line);
      for (Index u = 0; u < S::vectors; ++u) step(j + 4 * u, s[u]);
    }
    for (; j + 4 <= cols; j += 4) step(j, s[0]);
    for (Index k = 0; k < S::rows; ++k) {
      for (Index u = 1; u < S::vectors; ++u) s[0][k] += s[u][k];
      out[i + k] = vectors::sum(s[0][k]);
    }
    for (; j < cols; ++j) {
      for (Index k = 0; k < S::rows; ++k) {
        out[i + k] += w[j] * static_cast<double>(dotted[k * cols + j]);
        sum[j] += r[i + k] * static_cast<double>(added[k * cols + j]);
      }
    }
  }
#endif
  dot_rows(x + i * cols, cols, rows - i, cols, w, out + i);
  add_rows(y + i * cols, cols, rows - i, cols, r + i, sum);
}

}  // namespace optlite::kernels
