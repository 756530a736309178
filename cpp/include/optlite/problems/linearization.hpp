// An objective at a point, ready for products with its curvature: what depends on the point alone
// is computed once.
#pragma once

#include <memory>

#include "optlite/problems/output_curvature.hpp"

namespace optlite {

class GeneralizedLinear;

/// J_i is the Jacobian of the K outputs of sample i in the variables, s_i its weight, S the sum of
/// weights. Blocks of vectors have one vector a column; every product reads the data once.
class Linearization {
 public:
  virtual ~Linearization() = default;

  virtual Index dimension() const = 0;
  virtual const OutputLoss& loss() const = 0;
  Index samples() const { return loss().samples(); }
  Index outputs() const { return loss().outputs(); }

  /// The outputs at the point, n x K.
  virtual const Matrix& margins() const = 0;
  /// Second derivatives of the loss in the outputs.
  virtual const OutputCurvature& loss_curvature() const = 0;

  /// out = H V with the Hessian of the objective, its penalty included.
  virtual void hessian_product(const Matrix& V, Matrix& out) const = 0;

  /// The lower triangle of the Hessian, summed over the samples in double or in `single` precision;
  /// false where the model has no such sum.
  virtual bool hessian(bool, Matrix&) const { return false; }

  /// out = (1/S) sum_i s_i J_i^T B_i J_i V, plus the curvature of the penalty if it is `penalised`.
  virtual void curvature_product(const OutputCurvature& B, const Matrix& V, bool penalised,
                                 Matrix& out) const = 0;

  /// out = J V: K numbers for each sample, sample by sample.
  virtual void jacobian_product(const Matrix& V, Matrix& out) const = 0;
  /// out = J^T U, U as jacobian_product() gives it. No weights, no 1/S.
  virtual void jacobian_transposed_product(const Matrix& U, Matrix& out) const = 0;

  /// First derivatives of the loss in the outputs for any targets (as many as the loss has),
  /// without weights: g[i * K + k].
  void residuals(const double* y, double* g) const;
};

/// A generalized linear model, kept by reference, at x.
std::unique_ptr<Linearization> linearize(GeneralizedLinear& model, const Vector& x);

}  // namespace optlite
