#include "optlite/linalg/laplacian.hpp"

#include <algorithm>
#include <cmath>

#include "optlite/core/interrupt.hpp"
#include "optlite/core/parallel.hpp"

namespace optlite {

namespace {

/// Nodes that are eliminated before the links between all others are brought up to date at once.
constexpr Index block = 48;
/// Rows of links that are one piece of work.
constexpr Index chunk = 64;
/// What stands for a link that underflowed, for a right side of size one.
constexpr double vanished = 1e-290;
/// Of sums of the right side that are zero but for rounding, relative to all of it.
constexpr double noise = 1e-4;
/// Links over which such a sum would make a step that drowns all others, relative to the largest
/// degree.
constexpr double weak = 1e-25;

/// Brings the row of node k up to date with the nodes of its block that were eliminated before it;
/// the sum of its links to nodes that are left.
double finish_row(RowMatrix& weights, const Vector& degrees, Index first, Index k, Vector& right) {
  const Index m = right.size();
  double* links = weights.row(k).data();
  for (Index q = first; q < k; ++q) {
    if (!(degrees[q] > 0.0)) continue;
    const double* other = weights.row(q).data();
    const double share = other[k] / degrees[q];
    if (share == 0.0) continue;
#pragma omp simd
    for (Index j = k + 1; j < m; ++j) links[j] += share * other[j];
    right[k] += share * right[q];
  }
  return weights.row(k).tail(m - 1 - k).sum();
}

}  // namespace

Vector solve_laplacian(RowMatrix& weights, Vector right) {
  const Index m = right.size();
  const double total = right.lpNorm<1>();
  Vector degrees = Vector::Zero(m);
  RowMatrix shares;
  for (Index first = 0; first + 1 < m; first += block) {
    const Index end = std::min(first + block, m);
    for (Index k = first; k < std::min(end, m - 1); ++k) {
      degrees[k] = finish_row(weights, degrees, first, k, right);
    }
    const Index count = end - first, rest = m - end;
    if (rest == 0) break;
    shares = weights.block(first, end, count, rest);
    for (Index k = 0; k < count; ++k) {
      const double degree = degrees[first + k];
      if (degree > 0.0) shares.row(k) /= degree;
      else shares.row(k).setZero();
    }
    right.tail(rest).noalias() += shares.transpose() * right.segment(first, count);
    const double work = static_cast<double>(count * rest) * static_cast<double>(rest);
    parallel::for_each((rest + chunk - 1) / chunk, 0.5 * work, [&](Index piece) {
      const Index i = chunk * piece, height = std::min(chunk, rest - i);
      weights.block(end + i, end + i, height, rest - i).noalias() +=
          shares.middleCols(i, height).transpose() * weights.block(first, end + i, count, rest - i);
    });
    interrupt::poll();
  }
  Vector y = Vector::Zero(m);
  const double hardly = weak * degrees.maxCoeff();
  for (Index k = m - 2; k >= 0; --k) {
    if (degrees[k] <= hardly && std::fabs(right[k]) <= noise * total) right[k] = 0.0;
    if (!(degrees[k] > 0.0)) {
      if (right[k] != 0.0) y[k] = right[k] / total / vanished;
      continue;
    }
    const Index left = m - 1 - k;
    y[k] = (right[k] + weights.row(k).tail(left).dot(y.tail(left))) / degrees[k];
  }
  return y;
}

}  // namespace optlite
