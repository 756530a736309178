// Sinkhorn's iteration on a plan in memory: one read of it makes all rows and columns fit in turn.
#pragma once

#include <cmath>

#include "optlite/transport/problem.hpp"

namespace optlite::transport {

/// The columns of the plan at a base point are multiplied by factors v, its rows by factors u. That
/// costs no exponential; where the factors grow too large, or the plan is not in memory, the plan
/// is evaluated anew at the potentials that they stand for.
class Scaling {
 public:
  /// Evaluates the plan at at.g and makes it the base.
  void start(Problem& problem, Point& at) {
    problem.evaluate(at, true);
    rebase(at);
  }

  /// The plan at `at` has been evaluated and kept: it becomes the base.
  void rebase(const Point& at) {
    base_g_ = at.g;
    base_f_ = at.f;
    row_factors_.setOnes(at.f.size());
    moved_ = false;
  }

  /// Fits the columns, then the rows. With `relaxation` > 1 both go further than their sums ask
  /// for.
  void sweep(Problem& problem, Point& at, double relaxation, bool in_logarithms) {
    Vector next = problem.column_step(at);
    if (relaxation != 1.0) next = at.g + relaxation * (next - at.g);
    factors_ = (next - base_g_) / at.reg;
    at.g = next;
    const bool small = factors_.lpNorm<Eigen::Infinity>() <= 50.0;
    if (in_logarithms || !problem.kept_whole() || !small) {
      problem.evaluate(at, !in_logarithms, relaxation);
      rebase(at);
      return;
    }
    factors_ = factors_.array().exp();
    const double row_error = problem.scaled_row_step(factors_, relaxation, row_factors_, at);
    at.f = base_f_ + at.reg * row_factors_.array().log().matrix();
    at.value = problem.a().dot(at.f) + problem.b().dot(at.g) -
               at.reg * (at.column_sums.sum() - problem.a().sum());
    at.error = (at.column_sums - problem.b()).lpNorm<1>() + row_error;
    moved_ = true;
  }

  /// Whether the plan in memory is not the one at the current potentials.
  bool moved() const { return moved_; }

 private:
  Vector base_g_, base_f_, factors_, row_factors_;
  bool moved_ = false;
};

}  // namespace optlite::transport
