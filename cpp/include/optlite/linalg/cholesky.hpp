// A = L L^T for symmetric positive definite A, panel by panel: large factorisations share their
// work among threads and look at Ctrl-C in between. The bits do not depend on the number of
// threads.
#pragma once

#include <utility>
#include <vector>

#include "optlite/linalg/conditioning.hpp"

namespace optlite {

class CholeskyFactor {
 public:
  CholeskyFactor() = default;
  /// Reads the lower triangle of A.
  explicit CholeskyFactor(Matrix A);
  /// Of a semidefinite A: columns whose pivot is not above their `floor` depend on those before
  /// them. They are set apart, with unit vectors in their places: what is factorised is the matrix
  /// of the others.
  CholeskyFactor(Matrix A, const Vector& floor);

  /// False if a pivot was not positive (or not a number): A is not positive definite.
  bool ok() const { return ok_; }
  /// The squared diagonal of L: what each column adds to those before it.
  Vector pivots() const { return lower_.diagonal().cwiseAbs2(); }
  /// A^-1 B.
  Matrix solve(Matrix B) const;
  Vector solve(Vector b) const;

  /// Bounds on the extreme eigenvalues, from a few products with A and with A^-1: 20
  /// multiplications for each entry of A. Of the independent columns, if others have been set
  /// apart.
  Spectrum spectrum() const;

  Index rank() const { return lower_.rows() - static_cast<Index>(dependent_.size()); }
  /// A basis of the null space of A, one column for each dependent column of A.
  Matrix null_space() const;

 private:
  void factorise(const Vector* floor);
  bool factorise_corner(Index first, Index width, const Vector& floor);
  void set_apart();

  Matrix lower_;  // entries above the diagonal are left as they were
  bool ok_ = false;
  std::vector<Index> dependent_;
  Matrix relations_;  // rows of L in the places of the dependent columns, transposed
};

/// Whether the factorisation of A (lower triangle) exists.
inline bool is_positive_definite(Matrix A) { return CholeskyFactor(std::move(A)).ok(); }

}  // namespace optlite
