// A = L L^T for symmetric positive definite A, panel by panel: large factorisations share their
// work among threads and look at Ctrl-C in between. The bits do not depend on the number of
// threads.
#pragma once

#include <utility>

#include "optlite/core/types.hpp"

namespace optlite {

class CholeskyFactor {
 public:
  CholeskyFactor() = default;
  /// Reads the lower triangle of A.
  explicit CholeskyFactor(Matrix A);

  /// False if a pivot was not positive (or not a number): A is not positive definite.
  bool ok() const { return ok_; }
  /// The squared diagonal of L: what each column adds to those before it.
  Vector pivots() const { return lower_.diagonal().cwiseAbs2(); }
  /// A^-1 B.
  Matrix solve(Matrix B) const;
  Vector solve(Vector b) const;

 private:
  Matrix lower_;  // entries above the diagonal are left as they were
  bool ok_ = false;
};

/// Whether the factorisation of A (lower triangle) exists.
inline bool is_positive_definite(Matrix A) { return CholeskyFactor(std::move(A)).ok(); }

}  // namespace optlite
