// A symmetric K x K matrix B_i for each sample, in the outputs of a model: what stands between the
// two Jacobians in J^T B J.
#pragma once

#include "optlite/problems/output_loss.hpp"

namespace optlite {

class OutputCurvature {
 public:
  virtual ~OutputCurvature() = default;
  /// u_i <- s_i B_i u_i for the rows of a block, count x K, column-major.
  virtual void product(Index first, Index count, double* direction) const = 0;
};

/// B_i: the second derivative of the loss in the outputs. J^T B J is the Gauss-Newton matrix.
class LossCurvature final : public OutputCurvature {
 public:
  /// margins: n x K; the loss is kept by reference.
  LossCurvature(const OutputLoss& loss, const Matrix& margins);
  void product(Index first, Index count, double* direction) const override;

 private:
  const OutputLoss& loss_;
  Matrix state_;
};

/// B_i = (1/R) sum_r g_ir g_ir^T: the mean outer product of R gradients in the outputs. With those
/// of the targets it makes the empirical Fisher matrix, with those of sampled targets an estimate
/// of the Fisher matrix.
class MeanOuterProduct final : public OutputCurvature {
 public:
  /// g[(r * n + i) * K + k], kept by reference; weight: n, or null for ones.
  MeanOuterProduct(const double* g, Index repeats, Index n, Index outputs, const double* weight)
      : g_(g), repeats_(repeats), n_(n), outputs_(outputs), weight_(weight) {}
  void product(Index first, Index count, double* direction) const override;

 private:
  const double* g_;
  Index repeats_, n_, outputs_;
  const double* weight_;
};

}  // namespace optlite
