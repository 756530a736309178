// Lanczos' method for a few steps of a small run: the space spanned by q, A q, A^2 q, ... with all
// its vectors kept orthogonal, and the tridiagonal matrix that A is there.
#pragma once

#include <limits>

#include "optlite/core/function_ref.hpp"
#include "optlite/core/types.hpp"

namespace optlite {

/// A Ritz value of a symmetric operator, and a bound on its distance from an eigenvalue. It never
/// lies outside the spectrum: a negative one proves negative curvature.
struct Curvature {
  double value = std::numeric_limits<double>::quiet_NaN();
  double bound = std::numeric_limits<double>::quiet_NaN();
};

/// product(V, AV) for a block of vectors, one a column.
using Product = FunctionRef<void(const Matrix&, Matrix&)>;

/// A Q = Q T + beta q e_j^T after j steps (Golub and Van Loan, Matrix Computations, 2013).
class KrylovSpace {
 public:
  /// `start` must not be zero; room for `most` steps.
  KrylovSpace(const Vector& start, Index most);

  /// One product with A; false once the space is invariant or full.
  bool extend(Product product);

  Index size() const { return size_; }
  /// What the last product leaves outside of the space; zero if that is invariant.
  double beta() const { return beta_; }
  /// Eigenvalues of T in ascending order, and its eigenvectors in columns.
  void ritz(Vector& values, Matrix& vectors) const;
  /// Q y.
  Vector lift(const Vector& y) const { return basis_.leftCols(y.size()) * y; }

 private:
  Matrix basis_;
  Matrix T_;
  Index size_ = 0;
  double beta_ = infinity;
};

/// The smallest Ritz value from a fixed start that no problem is likely to know of, after at most
/// `most` steps, or once its bound is a hundredth of it; and its vector, of length one. True if it
/// is negative beyond the errors of products.
bool negative_curvature(Index dimension, Index most, Product product, Curvature& found,
                        Vector& vector);

/// Minimises w . c + c . diag(values) c / 2 + weight |c|^3 / 3, the cubic model in the eigenvectors
/// of its Hessian: (values + lambda) c = -w with lambda = weight |c| and no eigenvalue + lambda
/// negative (Cartis, Gould and Toint, Adaptive cubic regularisation methods, part I, 2011, theorem
/// 3.1). `values` ascend.
Vector minimize_cubic(const Vector& values, const Vector& w, double weight);

}  // namespace optlite
