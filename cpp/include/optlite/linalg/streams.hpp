// Both products with rows that come from memory: the dots of some rows with a vector, and beside
// them the sum of the rows before, which are in cache yet.
#pragma once

#include <algorithm>
#include <cstdint>

#include "optlite/linalg/kernels.hpp"

namespace optlite::kernels {

/// How rows that come from memory, none of which a cache holds yet, are read for both products:
/// found by measurement, since neither the arithmetic nor the reading should ever wait.
template <class Scalar>
struct Stream;
template <>
struct Stream<double> {
  static constexpr Index most = 1024;  // columns
  static constexpr Index rows = 1;  // at a time: their order in memory, which prefetchers follow
  static constexpr Index vectors = 2;  // of a row at a time: one line of cache
  static constexpr int requests = 4;  // for each line
};
template <>
struct Stream<float> {
  static constexpr Index most = 4095;
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

/// dot_and_add_rows() for rows that follow each other in memory as they are read.
template <class Scalar>
void dot_and_add_short_rows(const Scalar* x, const Scalar* y, Index rows, Index cols,
                            const double* w, double* out, const double* r, double* sum) {
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

/// How long rows are read: a page of each of a few rows at a time, since w and the sum, which are
/// as long, would fill the first-level cache for every row.
template <class Scalar>
struct LongStream;
template <>
struct LongStream<double> {
  static constexpr Index least = 2048;  // columns
  static constexpr int requests = 4;
};
template <>
struct LongStream<float> {
  static constexpr Index least = 4096;
  static constexpr int requests = 2;
};
constexpr Index long_rows = 4;  // at a time
constexpr Index longest_row = 16384;  // beyond, the rows before are in no near cache any more

#ifdef OPTLITE_HAS_VECTORS

/// Columns [begin, end) of dot_and_add_rows() for four long rows, of which out has the sums so far;
/// `next` is where reading goes on.
template <class Scalar>
void dot_and_add_page(const Scalar* x, const Scalar* y, Index cols, Index begin, Index end,
                      const Scalar* next, const double* w, double* out, const double* r,
                      double* sum) {
  using namespace vectors;
  constexpr Index line = 64 / static_cast<Index>(sizeof(Scalar));
  constexpr Index near = 4 * line;  // so far ahead y comes from the second-level cache
  Doubles s[long_rows];
  Doubles v[long_rows];
  for (Index k = 0; k < long_rows; ++k) {
    s[k] = all(0.0);
    v[k] = all(r[k]);
  }
  const auto step = [&](Index j) {
    const Doubles a = load(w + j);
    Doubles t = load(sum + j);
    for (Index k = 0; k < long_rows; ++k) {
      s[k] += a * load_doubles(x + k * cols + j);
      t += v[k] * load_doubles(y + k * cols + j);
    }
    store(t, sum + j);
  };
  Index j = begin;
  auto address = reinterpret_cast<std::uintptr_t>(next);
  const auto row = static_cast<std::uintptr_t>(cols) * sizeof(Scalar);
  for (; j + line <= end; j += line, address += 64) {
    for (std::uintptr_t k = 0; k < long_rows; ++k) {
      request_line<LongStream<Scalar>::requests>(address + k * row);
      __builtin_prefetch(y + static_cast<Index>(k) * cols + j + near);
    }
    for (Index u = 0; u < line; u += 4) step(j + u);
  }
  for (; j + 4 <= end; j += 4) step(j);
  for (Index k = 0; k < long_rows; ++k) out[k] += vectors::sum(s[k]);
  for (; j < end; ++j) {
    for (Index k = 0; k < long_rows; ++k) {
      out[k] += w[j] * static_cast<double>(x[k * cols + j]);
      sum[j] += r[k] * static_cast<double>(y[k * cols + j]);
    }
  }
}

#endif

/// dot_and_add_rows() for rows of many columns.
template <class Scalar>
void dot_and_add_long_rows(const Scalar* x, const Scalar* y, Index rows, Index cols,
                           const double* w, double* out, const double* r, double* sum) {
  Index i = 0;
#ifdef OPTLITE_HAS_VECTORS
  constexpr Index page = 4096 / static_cast<Index>(sizeof(Scalar));
  for (; i + long_rows <= rows; i += long_rows) {
    const Scalar* dotted = x + i * cols;
    std::fill(out + i, out + i + long_rows, 0.0);
    for (Index begin = 0; begin < cols; begin += page) {
      const Index end = std::min(cols, begin + page);
      const Scalar* next = dotted + (end < cols ? end : long_rows * cols);
      dot_and_add_page(dotted, y + i * cols, cols, begin, end, next, w, out + i, r + i, sum);
    }
  }
#endif
  dot_rows(x + i * cols, cols, rows - i, cols, w, out + i);
  add_rows(y + i * cols, cols, rows - i, cols, r + i, sum);
}

/// out[i] = x_i . w and sum += sum_i r_i y_i for as many rows x as y, each `cols` long and without
/// gaps, x from memory and y from cache: reading one takes place beside the arithmetic for both.
template <class Scalar>
void dot_and_add_rows(const Scalar* x, const Scalar* y, Index rows, Index cols, const double* w,
                      double* out, const double* r, double* sum) {
  const bool lengthy = cols >= LongStream<Scalar>::least;
  const auto kernel = lengthy ? dot_and_add_long_rows<Scalar> : dot_and_add_short_rows<Scalar>;
  kernel(x, y, rows, cols, w, out, r, sum);
}

/// Whether dot_and_add_rows() reads rows of so many columns faster than dot_rows() and add_rows().
template <class Scalar>
bool streams_rows(Index cols) {
  return cols <= Stream<Scalar>::most || (cols >= LongStream<Scalar>::least && cols <= longest_row);
}

}  // namespace optlite::kernels
