// Which columns of a generalized linear model depend on others, and how these share an effect that
// the data cannot tell apart.
#pragma once

#include "optlite/linalg/cholesky.hpp"
#include "optlite/problems/generalized_linear.hpp"

namespace optlite {

/// The Gram matrix of a model's columns (and of ones, if it has an intercept), weighted by any
/// positive numbers, in the model's scaled and centred variables. A by-product of most fits.
class ColumnGram {
 public:
  ColumnGram() = default;
  /// G: lower triangle, of all rows or of some.
  ColumnGram(const GeneralizedLinear& model, Matrix G, bool every_row);
  /// What remains of a Hessian at x without its penalty; for models with one output.
  static ColumnGram of_hessian(const GeneralizedLinear& model, const Vector& x, Matrix H,
                               bool every_row, bool single);

  bool known() const { return matrix_.size() > 0; }
  /// Independent columns and the others.
  CholeskyFactor factor() const { return CholeskyFactor(matrix_, floor_); }
  /// Whether a rank below the number of columns is that of the data: not of a sample, and not what
  /// single precision can see.
  bool final() const { return final_; }

 private:
  Matrix matrix_;
  Vector floor_;  // what rounding may leave of a column that depends on others, squared
  bool final_ = true;
};

/// Multiplications that the Gram matrix of the columns and its factorisation take.
double gram_work(const GeneralizedLinear& model);

/// The Gram matrix from a read of X.
ColumnGram read_column_gram(GeneralizedLinear& model, bool every_row);

/// Among all coefficients (in the caller's units) with the same margins, those of least norm: what
/// they have in common with the null space of the columns is taken away. Intercepts follow.
void share_effects(const GeneralizedLinear& model, const CholeskyFactor& columns,
                   Vector& coefficients);

}  // namespace optlite
