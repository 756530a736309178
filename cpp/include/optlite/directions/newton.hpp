#pragma once

#include <algorithm>

#include "optlite/directions/concept.hpp"

namespace optlite::directions {

/// Solves with the full Hessian, factorised by Cholesky's method.
///
/// The Hessian is kept while the point stays the same: a retry with another lambda costs a
/// factorisation only, no pass over the data.
struct Newton {
  static constexpr auto doc = "The Newton step from a Cholesky factorisation of the Hessian.";
  static constexpr auto formula = R"((H + \lambda I)\, p = -g)";
  static constexpr auto reference =
      "Nocedal and Wright, Numerical Optimization, 2006, section 3.4, algorithm 3.3";

  class Run final : public Direction {
   public:
    void compute(Objective& objective, const Point& at, Vector& p) override {
      if (at.x.size() != seen_.size() || at.x != seen_) {
        objective.hessian(at, hessian_);
        objective.fill_null_space(hessian_);
        seen_ = at.x;
      }
      factor_ = cholesky_metric(hessian_, lambda_, used_);
      factor_->solve(at.gradient, p);
      p = -p;
      ++inner_;
    }
    bool regularize(double lambda) override {
      lambda_ = lambda;
      return true;
    }
    bool certifies() const override { return used_ == 0.0; }
    Spectrum spectrum() const override { return factor_ ? factor_->spectrum() : Spectrum{}; }
    const Matrix* hessian() const override { return factor_ ? &hessian_ : nullptr; }

   private:
    Matrix hessian_;
    Vector seen_;
    std::unique_ptr<Metric> factor_;
    double lambda_ = 0.0;
    double used_ = 0.0;
  };

  std::unique_ptr<Direction> make() const { return std::make_unique<Run>(); }
};

}  // namespace optlite::directions
