#pragma once

#include <array>
#include <stdexcept>

#include "optlite/step_sizes/concept.hpp"

namespace optlite::step_sizes {

/// No line search: the Hessian is shifted by lambda = |g| / gamma, and gamma learns how far the
/// quadratic model can be trusted. lambda vanishes with the gradient, so the last steps are
/// Newton's own.
struct GradientRegularized {
  static constexpr auto doc =
      "Newton steps with the Hessian shifted in proportion to the gradient norm.";
  static constexpr auto formula =
      R"(x_{k+1} = x_k - (H_k + \lambda_k I)^{-1} g_k, \quad
      \lambda_k = \lVert g_k \rVert / \gamma_k, \quad
      f_k - f_{k+1} \ge \lVert g_{k+1} \rVert^2 / (8 \lambda_k))";
  static constexpr auto reference =
      "Semenov, Jaggi and Doikov, Gradient-normalized smoothness for optimization with approximate "
      "Hessians, 2026";

  double gamma = 1.0;
  static constexpr auto fields() {
    return std::array{field("gamma", &GradientRegularized::gamma, positive,
                            "First guess of the radius in which the Hessian predicts the "
                            "gradient, in the unit of the variables.")};
  }

  class Run final : public StepSize {
   public:
    explicit Run(double gamma) : gamma_(gamma) {}

    void prepare(Direction& direction, const Point& at) override {
      regularization_ = at.gradient.norm() / gamma_;
      if (!direction.regularize(regularization_)) {
        throw std::invalid_argument(
            "step_size='gradient_regularized' needs a direction that can shift its Hessian: use "
            "'newton' or 'newton_cg', or step_size='armijo'.");
      }
    }

    bool advance(Objective& objective, Direction& direction, const Point& at, Vector& p,
                 Point& trial) override {
      step_ = 1.0;
      for (int attempt = 0; attempt < 60; ++attempt) {
        objective.evaluate_step(at, p, direction.margins(), trial);
        if (accept(at, trial)) {
          gamma_ *= 2.0;
          return true;
        }
        gamma_ *= 0.5;
        prepare(direction, at);
        direction.compute(objective, at, p);
      }
      return false;
    }

   private:
    bool accept(const Point& at, const Point& trial) const {
      if (!is_finite(trial)) return false;
      const double needed = trial.gradient.squaredNorm() / (8.0 * regularization_);
      if (at.value - trial.value >= needed) return true;
      // At the last digits of the value the gradient still tells progress from noise.
      const double rounding = rounding_error(at);
      return needed <= rounding && trial.value <= at.value + rounding &&
             trial.gradient.norm() < at.gradient.norm();
    }

    double gamma_;
  };

  std::unique_ptr<StepSize> make() const { return std::make_unique<Run>(gamma); }
};

}  // namespace optlite::step_sizes
