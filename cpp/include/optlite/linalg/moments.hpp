// Sums, squares and products with a target of the columns of some rows, which come from memory.
#pragma once

#include <algorithm>
#include <cstdint>

#include "optlite/linalg/streams.hpp"

namespace optlite::kernels {

/// Rows x_i, each `stride` behind the one before. To `out`, cols x 3, are added
///     sum_i q_i (x_ij - center_j),  sum_i q_i (x_ij - center_j)^2,  sum_i y_i x_ij,
/// with ones for q where it is null, and without the last where y is null.
template <class Scalar>
struct MomentTask {
  const Scalar* x;
  Index stride;
  Index rows;
  Index cols;
  const double* center;
  const double* q;
  const double* y;
  double* out;

  double weight(Index i) const { return q == nullptr ? 1.0 : q[i]; }
};

/// Columns [begin, cols) of `rows` rows from i on.
template <class Scalar>
void add_moments_plainly(const MomentTask<Scalar>& task, Index i, Index rows, Index begin) {
  for (Index k = i; k < i + rows; ++k) {
    const Scalar* x = task.x + k * task.stride;
    const double q = task.weight(k);
    const double y = task.y == nullptr ? 0.0 : task.y[k];
    double* out = task.out;
    for (Index j = begin; j < task.cols; ++j) {
      const double value = static_cast<double>(x[j]);
      const double moved = value - task.center[j];
      out[j] += q * moved;
      out[task.cols + j] += q * moved * moved;
      if (task.y != nullptr) out[2 * task.cols + j] += y * value;
    }
  }
}

#ifdef OPTLITE_HAS_VECTORS

/// Columns [begin, end), as many as fill vectors, of the four rows from i on; returns where it
/// ended. `next` is where reading goes on: what comes from there is requested.
template <bool with_target, int requests, class Scalar>
Index add_moments_page(const MomentTask<Scalar>& task, Index i, Index begin, Index end,
                       const Scalar* next) {
  using namespace vectors;
  constexpr Index line = 64 / static_cast<Index>(sizeof(Scalar));
  const Index cols = task.cols;
  const Scalar* x = task.x + i * task.stride;
  Doubles q[long_rows];
  Doubles y[long_rows];
  for (Index k = 0; k < long_rows; ++k) {
    q[k] = all(task.weight(i + k));
    if constexpr (with_target) y[k] = all(task.y[i + k]);
  }
  const auto step = [&](Index j) {
    const Doubles center = load(task.center + j);
    Doubles first = load(task.out + j);
    Doubles second = load(task.out + cols + j);
    Doubles product = all(0.0);
    if constexpr (with_target) product = load(task.out + 2 * cols + j);
    for (Index k = 0; k < long_rows; ++k) {
      const Doubles value = load_doubles(x + k * task.stride + j);
      const Doubles moved = value - center;
      const Doubles weighted = q[k] * moved;
      first += weighted;
      second += weighted * moved;
      if constexpr (with_target) product += y[k] * value;
    }
    store(first, task.out + j);
    store(second, task.out + cols + j);
    if constexpr (with_target) store(product, task.out + 2 * cols + j);
  };
  auto address = reinterpret_cast<std::uintptr_t>(next);
  const auto row = static_cast<std::uintptr_t>(task.stride) * sizeof(Scalar);
  Index j = begin;
  for (; j + line <= end; j += line, address += 64) {
    for (std::uintptr_t k = 0; k < long_rows; ++k) request_line<requests>(address + k * row);
    for (Index u = 0; u < line; u += 4) step(j + u);
  }
  for (; j + 4 <= end; j += 4) step(j);
  return j;
}

template <bool with_target, int requests, class Scalar>
void add_moments_of_pages(const MomentTask<Scalar>& task) {
  constexpr Index page = 4096 / static_cast<Index>(sizeof(Scalar));
  Index i = 0;
  for (; i + long_rows <= task.rows; i += long_rows) {
    Index j = 0;
    for (Index begin = 0; begin < task.cols; begin += page) {
      const Index end = std::min(task.cols, begin + page);
      const Index ahead = end < task.cols ? end : long_rows * task.stride;
      const Scalar* next = task.x + i * task.stride + ahead;
      j = add_moments_page<with_target, requests>(task, i, begin, end, next);
    }
    add_moments_plainly(task, i, long_rows, j);
  }
  add_moments_plainly(task, i, task.rows - i, 0);
}

#endif

/// `streaming` says that the rows come from memory, as do those after them.
template <class Scalar>
void add_moments(const MomentTask<Scalar>& task, bool streaming) {
#ifdef OPTLITE_HAS_VECTORS
  constexpr int requests = LongStream<Scalar>::requests;
  if (task.y != nullptr) {
    streaming ? add_moments_of_pages<true, requests>(task) : add_moments_of_pages<true, 0>(task);
  } else {
    streaming ? add_moments_of_pages<false, requests>(task) : add_moments_of_pages<false, 0>(task);
  }
#else
  (void)streaming;
  add_moments_plainly(task, 0, task.rows, 0);
#endif
}

}  // namespace optlite::kernels
