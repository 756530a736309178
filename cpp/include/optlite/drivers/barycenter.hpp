// The barycenter of histograms for entropic transport, on given points.
//
//     minimise over x   sum_k w_k min { <C, P> + reg sum P log P : P 1 = a_k, P^T 1 = x }
//
// The dual maximises sum_k w_k <a_k, f_k(g_k)> over potentials with sum_k w_k g_k = 0, where f_k
// makes the rows of P_k sum to a_k; at the optimum all plans have the same column sums, x. A
// scaling takes their geometric mean for x (Benamou, Carlier, Cuturi, Nenna and Peyre, Iterative
// Bregman projections for regularized transportation problems, 2015). Newton's step
// solves the blocks diag(P_k^T 1) - P_k^T diag(a_k)^-1 P_k together, under that constraint, by
// conjugate gradients.
//
// Without the bias of entropy, half of the transport from x to itself is subtracted: then
// sum_k w_k g_k = h, where exp((h_i + h_j - C_ij) / reg) has the sums x (Janati, Cuturi and
// Gramfort, Debiased Sinkhorn barycenters, 2020, algorithm 1); there only scalings are made.
#pragma once

#include <memory>
#include <vector>

#include "optlite/drivers/staged_run.hpp"
#include "optlite/transport/conditional.hpp"
#include "optlite/transport/shared_kernel.hpp"

namespace optlite {

struct BarycenterBounds {
  double lower = 0.0;  // on the weighted sum of costs without regularization, at the best x
  double upper = 0.0;  // that sum at the x that was found, of plans rounded to it
  double regularized = 0.0;  // its objective
};

class BarycenterRun final : public StagedRun {
 public:
  /// Histograms (columns) of sum one; weights > 0 that sum to one. The rows of the costs are the
  /// points of the histograms, the columns those of the barycenter.
  BarycenterRun(const transport::Cost& cost, const Matrix& histograms, Vector weights, double reg,
                double scale, bool newton, bool debiased, double memory, TransportOptions options);
  ~BarycenterRun() override;

  const Vector& barycenter() const { return at_.mean; }
  /// Potentials g_k of the columns, one column a histogram.
  const Matrix& potentials() const { return at_.g; }

 protected:
  State state() const override;
  void evaluate_at(double reg) override;
  void sweep() override;
  bool newton_step(double goal) override;
  Matrix potentials_of_stage() const override;
  void set_potentials(const Matrix& potentials) override;

 private:
  struct Block;
  struct Point {
    double reg = 0.0;
    Matrix g;     // potentials
    Matrix sums;  // column sums of the plans
    Vector mean;  // their weighted mean
    Vector own;   // h; zero where the barycenter is not debiased
    double value = 0.0;
    double error = infinity;
  };

  void evaluate(Point& at);
  bool evaluate_together(Point& at);
  void judge(Point& at);
  const Vector& own_minima(const Point& at);
  void fit_own(const Vector& log_mean);
  Matrix direction(double goal);
  Matrix shortened(Matrix d) const;
  Matrix constrained(const Matrix& residual, const Matrix& diagonal) const;

  std::vector<std::unique_ptr<Block>> blocks_;
  std::unique_ptr<transport::ConditionalPlan> self_;  // where it is debiased
  std::unique_ptr<transport::SharedKernel> kernel_;  // where there are no Newton steps
  Vector own_minima_;
  Matrix histograms_;
  Vector weights_;
  Point at_;
};

/// Bounds at any x and potentials whose weighted sum is zero. Of a debiased barycenter no bounds
/// are known.
BarycenterBounds barycenter_bounds(const transport::Cost& cost, const Matrix& histograms,
                                   const Vector& weights, double reg, const Matrix& g,
                                   const Vector& x);

}  // namespace optlite
