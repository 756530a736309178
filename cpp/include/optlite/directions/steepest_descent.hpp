#pragma once

#include "optlite/directions/concept.hpp"

namespace optlite::directions {

/// Against the gradient, measured in the metric if one is given.
struct SteepestDescent {
  static constexpr auto doc = "The negative gradient, preconditioned if a metric is given.";
  static constexpr auto formula = R"(p = -M^{-1} g)";
  static constexpr auto reference =
      "Cauchy, Méthode générale pour la résolution des systèmes d'équations simultanées, 1847";
  static constexpr bool uses_hessian = false;

  class Run final : public Direction {
   public:
    void compute(Objective&, const Point& at, Vector& p) override {
      if (metric_ == nullptr) {
        p = -at.gradient;
        return;
      }
      metric_->solve(at.gradient, p);
      p = -p;
    }
    void use_metric(const Metric* metric) override { metric_ = metric; }

   private:
    const Metric* metric_ = nullptr;
  };

  std::unique_ptr<Direction> make() const { return std::make_unique<Run>(); }
};

}  // namespace optlite::directions
