// The kernel exp(-C / reg), through which many plans with the same costs are computed together:
// exponentials are taken once for a regularization, and what is left are products of matrices.
#pragma once

#include "optlite/core/workspace.hpp"
#include "optlite/transport/cost.hpp"

namespace optlite::transport {

class SharedKernel {
 public:
  explicit SharedKernel(const Cost& cost) : cost_(cost) {}

  /// For potentials g of the targets, one column a plan, and masses of the sources: the soft minima
  /// T = -reg log sum_j exp((g_j - C_ij) / reg), zero where there is no mass, and the sums of the
  /// columns of plans whose rows sum to the masses. False where numbers would underflow, and from
  /// then on at this regularization.
  bool evaluate(const Matrix& g, const Matrix& masses, double reg, Matrix& soft_minima,
                Matrix& column_sums);
  /// Soft minima of one plan, all of whose sources count.
  bool soft_minima(const Vector& g, double reg, Vector& result);

  Index n_evaluations() const { return n_evaluations_; }

 private:
  bool prepare(double reg);

  const Cost& cost_;
  double reg_ = 0.0;
  double smallest_ = 0.0;  // cost, which is subtracted from all
  bool usable_ = false;
  RowMatrix kernel_;
  Workspace work_;
  Index n_evaluations_ = 0;
};

}  // namespace optlite::transport
