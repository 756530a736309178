#pragma once

#include <array>
#include <stdexcept>

#include "optlite/step_sizes/concept.hpp"

namespace optlite::step_sizes {

/// No line search: the step of a model is taken if the value falls as predicted, or nearly so, and
/// the model's region learns from the ratio either way.
struct GainRatio {
  static constexpr auto doc =
      "The full step of a model, if the decrease is a fair part of what the model predicts.";
  static constexpr auto formula =
      R"(\rho_k = \frac{f(x_k) - f(x_k + p_k)}{m_k(0) - m_k(p_k)} \ge \eta)";
  static constexpr auto reference =
      "Conn, Gould and Toint, Trust-region methods, 2000, algorithm 6.1.1; Nocedal and "
      "Wright, Numerical Optimization, 2006, algorithm 4.1";

  double least_ratio = 0.1;
  static constexpr auto fields() {
    return std::array{field("least_ratio", &GainRatio::least_ratio, unit_open,
                            "Ratio eta of actual to predicted decrease at which a step is taken.")};
  }

  class Run final : public StepSize {
   public:
    explicit Run(double least_ratio) : least_ratio_(least_ratio) {}

    void prepare(Direction& direction, const Point&) override {
      if (!direction.has_region()) {
        throw std::invalid_argument(
            "step_size='gain_ratio' needs a direction that minimises a model in a region: use "
            "'trust_region' or 'cubic', or step_size='armijo'.");
      }
    }

    bool advance(Objective& objective, Direction& direction, const Point& at, Vector& p,
                 Point& trial) override {
      step_ = 1.0;
      for (int attempt = 0; attempt < 60; ++attempt) {
        objective.evaluate_step(at, p, direction.margins(), trial);
        const double found = gain_ratio(at, trial, direction.predicted());
        direction.trust(found);
        if (found >= least_ratio_) return true;
        direction.compute(objective, at, p);
      }
      return false;
    }

   private:
    double least_ratio_;
  };

  std::unique_ptr<StepSize> make() const { return std::make_unique<Run>(least_ratio); }
};

}  // namespace optlite::step_sizes
