// The rank of a ridge problem's data, for the solvers that have Z^T S Z or K.
#pragma once

#include <algorithm>

#include "optlite/drivers/ridge.hpp"
#include "optlite/linalg/cholesky.hpp"

namespace optlite {

/// What rounding leaves of a pivot, relative to its diagonal entry.
inline double rounding_floor(Index size) { return 64.0 * epsilon * static_cast<double>(size); }

/// For the pivots of columns: relative to their size, and to the means that were taken from them.
inline Vector column_floor(RidgeProblem& problem, const Matrix& G, double relative) {
  const Vector lost = 64.0 * epsilon * problem.mean();
  return relative * G.diagonal() + problem.total_weight() * lost.cwiseAbs2();
}

/// Multiplications that fill Z^T S Z.
inline double gram_work(const RidgeProblem& problem) {
  const double n = static_cast<double>(std::max<Index>(problem.rows(), 1));
  const double entries = static_cast<double>(problem.design().entries());
  return entries * std::min(static_cast<double>(problem.features()), entries / n) / 2.0;
}

/// How many pivots of A + alpha I are so small that their column may depend on those before it: if
/// column j is sum_k c_k column k, its pivot is at most alpha (1 + |c|^2). Where columns are of one
/// length, |c|^2 up to 20 is reckoned with.
inline Index suspicious_pivots(const Matrix& A, const Vector& floor, const Vector& pivots,
                               double alpha) {
  double inverse = 0.0;  // mean of 1 / A(j, j)
  for (Index j = 0; j < A.rows(); ++j) {
    if (A(j, j) > floor[j]) inverse += 1.0 / A(j, j) / static_cast<double>(A.rows());
  }
  Index count = 0;
  for (Index j = 0; j < A.rows(); ++j) {
    count += pivots[j] <= 2.0 * alpha + 20.0 * alpha * A(j, j) * inverse;
  }
  return count;
}

/// What find_rank() looks at.
struct Symmetric {
  const Matrix& matrix;  // A = Z^T S Z or K, lower triangle
  Vector floor;          // what rounding leaves of a pivot
  bool rounded;          // and a pivot below that may still be more than nothing
  double work;           // multiplications that filled A
  Index null = 0;        // known dimensions of the null space
};

/// The rank of A, where a factor of A + alpha I does not show it. One of A alone does, and is made
/// where it costs next to nothing, or at most a twentieth of the work so far; else only if a few
/// pivots of A + alpha I are suspicious.
inline void find_rank(const Symmetric& A, const Vector& pivots, double alpha, Conditioning& found) {
  const Index size = A.matrix.rows();
  const double edge = static_cast<double>(size);
  if (size > 300 && 20.0 * edge * edge * edge / 6.0 > A.work) {
    const Index count = suspicious_pivots(A.matrix, A.floor, pivots, alpha);
    if (count == 0) return found.set_rank(size - A.null, Trust::estimate);
    if (10 * count > size) return found.set_rank(rank_bound(A.matrix), Trust::lower_bound);
  }
  const CholeskyFactor independent(A.matrix, A.floor);
  const bool certain = !A.rounded || independent.rank() == size;
  found.set_rank(independent.rank(), certain ? Trust::exact : Trust::lower_bound);
}

}  // namespace optlite
