// An approximation of the Hessian that is cheap to solve with: the preconditioner of conjugate
// gradients and the starting matrix of quasi-Newton methods.
#pragma once

#include <memory>
#include <vector>

#include "optlite/linalg/conditioning.hpp"

namespace optlite {

class Metric {
 public:
  virtual ~Metric() = default;
  /// out = M^-1 g.
  virtual void solve(const Vector& g, Vector& out) const = 0;
  /// Bounds on the extreme eigenvalues of M in units in which its diagonal is about one; unknown
  /// where it is not a factorised matrix, or something had to be added to it.
  virtual Spectrum spectrum() const { return {}; }
  /// Whether it is a matrix, not a diagonal.
  virtual bool factorised() const { return false; }
};

/// M = I.
std::unique_ptr<Metric> identity_metric();

/// M = diag(d); entries that are not positive count as the largest one.
std::unique_ptr<Metric> diagonal_metric(Vector d);

/// M = H + shift I and, where that is not safely positive definite, a little of its own diagonal
/// more. H: lower triangle. `used` receives what was added: zero means that M = H.
std::unique_ptr<Metric> cholesky_metric(const Matrix& H, double shift, double& used);

/// M = C (x) G + diag(penalty), C being K x K, G p x p (lower triangle), penalty of length p the
/// same for each of the K outputs. Solved by rotating to the eigenvectors of C.
std::unique_ptr<Metric> kronecker_metric(const Matrix& C, const Matrix& G, const Vector& penalty);

/// M = [[B, C], [C^T, D]]: some coordinates, the `border`, of which the columns of a Hessian are
/// known (C and D together, one column each), beside a metric B of the others that does not mix the
/// two. C is shortened where M would not be safely positive definite; directions that D does not
/// see are left out.
std::unique_ptr<Metric> bordered_metric(std::unique_ptr<Metric> inner, Matrix columns,
                                        std::vector<Index> border);

}  // namespace optlite
