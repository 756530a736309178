// The intercepts of a loss of margins, at their best for the coefficients as they are.
#pragma once

#include "optlite/drivers/sparse_model.hpp"

namespace optlite {

/// The loss at some margins: `residual` is minus its derivative there.
struct LossAt {
  Matrix margins;
  Matrix residual;
  double value = 0.0;

  void evaluate(const MarginLoss& loss) {
    residual = margins;
    value = loss.differentiate(residual);
  }
};

/// Of each sample where the loss has been expanded. A curvature that is no smaller than a little
/// keeps steps bounded.
Vector sample_curvature(const MarginLoss& loss, Index a, Index b);

/// Its sums over the samples, for all pairs of outputs.
Matrix intercept_curvature(const MarginLoss& loss);

/// From any start, and with rows of any weight. Margins and intercepts move together; the loss has
/// been evaluated at these margins.
void settle_intercepts(MarginLoss& loss, LossAt& at, Vector& intercepts);

}  // namespace optlite
