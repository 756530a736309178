#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "optlite/directions/concept.hpp"

namespace optlite::directions {

/// The quadratic model plus a cubic term that learns from each step, minimised in the space that
/// Lanczos' method spans from the gradient. With sigma at least half the Lipschitz constant of the
/// Hessian the model is an upper bound: its minimiser is a step down, from a saddle point as well.
struct Cubic {
  static constexpr auto doc = "Newton's model with an adaptive cubic term, in a Krylov space.";
  static constexpr auto formula =
      R"(p_k = \arg\min_{p \in \mathcal K} m_k(p), \quad
      m_k(p) = g_k^T p + \tfrac12 p^T H_k p + \tfrac{\sigma_k}{3} \lVert p \rVert^3, \quad
      \rho_k = \frac{f(x_k) - f(x_k + p_k)}{-m_k(p_k)}, \quad
      \sigma_{k+1} = \begin{cases} \sigma_k / 2 & \rho_k > 0.9 \\ 2 \sigma_k & \rho_k < 0.1 \\
      \sigma_k & \end{cases})";
  static constexpr auto reference =
      "Nesterov and Polyak, Cubic regularization of Newton method and its global performance, "
      "2006, equation 2.4; Cartis, Gould and Toint, Adaptive cubic regularisation methods for "
      "unconstrained optimization, part I, 2011";
  static constexpr auto step_size = "gain_ratio";

  double sigma = 1.0;
  double krylov = 100;
  static constexpr auto fields() {
    return std::array{
        field("sigma", &Cubic::sigma, positive, "First weight of the cubic term."),
        integer("krylov", &Cubic::krylov, 1.0, "Largest dimension of the Krylov space.")};
  }

  class Run final : public RegionDirection {
   public:
    Run(double sigma, double krylov) : sigma_(sigma), most_(static_cast<Index>(krylov)) {}

    void trust(double ratio) override {
      if (!(ratio >= 0.1)) sigma_ *= 2.0;
      else if (ratio > 0.9) sigma_ = std::max(0.5 * sigma_, 1e-16);
    }

    void compute(Objective& objective, const Point& at, Vector& p) override {
      if (escaping_) {
        // Along an eigenvector: sigma t^2 = |value| t.
        const double t = -curvature_.value / sigma_;
        p = t * way_;
        predicted_ =
            -(at.gradient.dot(p) + 0.5 * curvature_.value * t * t + sigma_ / 3.0 * t * t * t);
        return;
      }
      const double size = at.gradient.norm();
      KrylovSpace space(at.gradient, most_);
      Vector values;
      Matrix vectors;
      Vector c;
      const auto product = counted(objective, at);
      while (space.extend(product)) {
        space.ritz(values, vectors);
        if (!values.allFinite()) break;
        c = minimize_cubic(values, size * vectors.row(0).transpose(), sigma_);
        // The gradient of the model is what beta leaves outside of the space.
        const double left = space.beta() * std::fabs(vectors.row(space.size() - 1).dot(c));
        if (left <= 0.1 * std::min(1.0, c.norm()) * size) break;
      }
      if (!values.allFinite()) {
        p = Vector::Constant(at.x.size(), std::nan(""));
        return;
      }
      curvature_ = {values[0], space.beta() * std::fabs(vectors(space.size() - 1, 0))};
      p = space.lift(vectors * c);
      const double length = c.norm();
      predicted_ = -(size * vectors.row(0).dot(c) + 0.5 * c.dot(values.cwiseProduct(c)) +
                     sigma_ / 3.0 * length * length * length);
    }

   private:
    double sigma_;
    Index most_;
  };

  std::unique_ptr<Direction> make() const { return std::make_unique<Run>(sigma, krylov); }
};

}  // namespace optlite::directions
