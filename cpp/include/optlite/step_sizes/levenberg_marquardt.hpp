#pragma once

#include <array>
#include <stdexcept>

#include "optlite/step_sizes/concept.hpp"

namespace optlite::step_sizes {

/// No line search: the matrix of the direction is shifted by lambda I, which turns the step towards
/// the gradient and shortens it; lambda learns from the ratio of actual to predicted decrease.
struct LevenbergMarquardt {
  static constexpr auto doc =
      "Damped steps: a multiple of I that falls while the quadratic model predicts well.";
  static constexpr auto formula =
      R"((B_k + \lambda_k I)\, p_k = -g_k, \quad
      \rho_k = \frac{f(x_k) - f(x_k + p_k)}{\tfrac12 p_k^T (\lambda_k p_k - g_k)}, \quad
      \lambda_{k+1} = \begin{cases} 2 \lambda_k & \rho_k < 1/4 \\ \lambda_k / 3 & \rho_k > 3/4 \\
      \lambda_k & \end{cases})";
  static constexpr auto reference =
      "Marquardt, An algorithm for least-squares estimation of nonlinear parameters, 1963; Madsen, "
      "Nielsen and Tingleff, Methods for non-linear least squares problems, 2004";

  double damping = 1e-3;
  static constexpr auto fields() {
    return std::array{field("damping", &LevenbergMarquardt::damping, positive,
                            "First lambda, as a multiple of the norm of the gradient.")};
  }

  class Run final : public StepSize {
   public:
    explicit Run(double damping) : damping_(damping) {}

    void prepare(Direction& direction, const Point& at) override {
      if (!(regularization_ > 0.0)) regularization_ = damping_ * at.gradient.norm();
      if (!direction.regularize(regularization_)) {
        throw std::invalid_argument(
            "step_size='levenberg_marquardt' needs a direction that can shift its Hessian: use "
            "'newton' or 'newton_cg', or step_size='armijo'.");
      }
    }

    bool advance(Objective& objective, Direction& direction, const Point& at, Vector& p,
                 Point& trial) override {
      step_ = 1.0;
      double growth = 2.0;
      for (int attempt = 0; attempt < 60; ++attempt) {
        objective.evaluate_step(at, p, direction.margins(), trial);
        const double predicted = 0.5 * (regularization_ * p.squaredNorm() - at.gradient.dot(p));
        const double ratio = gain_ratio(at, trial, predicted);
        used_ = regularization_;
        if (ratio > 0.75) regularization_ /= 3.0;
        else if (!(ratio >= 0.25)) regularization_ *= growth;
        if (ratio > 0.0) return true;
        growth *= 2.0;
        prepare(direction, at);
        direction.compute(objective, at, p);
      }
      return false;
    }

    double regularization() const override { return used_; }

   private:
    double damping_;
    double used_ = 0.0;
  };

  std::unique_ptr<StepSize> make() const { return std::make_unique<Run>(damping); }
};

}  // namespace optlite::step_sizes
