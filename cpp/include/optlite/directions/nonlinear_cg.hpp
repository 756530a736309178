#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "optlite/directions/concept.hpp"

namespace optlite::directions {

/// Conjugate gradients for functions that are not quadratic: each direction is the negative
/// gradient plus beta times the last one, from two gradients and no matrix. The formulas of beta
/// agree for a quadratic with exact line searches, where they are the linear method.
struct NonlinearCg {
  static constexpr auto title = "NonlinearCG";
  static constexpr auto doc = "Conjugate gradients without a Hessian, with one of five betas.";
  static constexpr auto formula = R"(\begin{gathered}
      p_k = -g_k + \beta_k\, p_{k-1}, \quad y = g_k - g_{k-1} \\
      \beta^{FR} = \frac{g_k^T g_k}{g_{k-1}^T g_{k-1}}, \quad
      \beta^{PR+} = \max\left(\frac{g_k^T y}{g_{k-1}^T g_{k-1}}, 0\right), \quad
      \beta^{HS+} = \max\left(\frac{g_k^T y}{p_{k-1}^T y}, 0\right) \\
      \beta^{DY} = \frac{g_k^T g_k}{p_{k-1}^T y}, \quad
      \beta^{HZ} = \max\left(\frac{(y - 2 p_{k-1} y^T y / p_{k-1}^T y)^T g_k}{p_{k-1}^T y},
      \frac{-1}{\lVert p_{k-1} \rVert \min(0.01, \lVert g_{k-1} \rVert)}\right)
      \end{gathered})";
  static constexpr auto reference =
      "Nocedal and Wright, Numerical Optimization, 2006, section 5.2; Hager and Zhang, A survey of "
      "nonlinear conjugate gradient methods, 2006; Hager and Zhang, A new conjugate gradient "
      "method with guaranteed descent and an efficient line search, 2005";
  static constexpr auto step_size = "wolfe";
  static constexpr bool uses_hessian = false;

  double beta = 1;
  static constexpr auto fields() {
    return std::array{choice("beta", &NonlinearCg::beta,
                             "fletcher_reeves polak_ribiere hestenes_stiefel dai_yuan hager_zhang",
                             "Formula by which the last direction is added.")};
  }

  class Run final : public Direction {
   public:
    explicit Run(int formula) : formula_(formula) {}

    bool has_length() const override { return false; }

    void compute(Objective&, const Point& at, Vector& p) override {
      p = -at.gradient;
      if (last_.size() > 0) {
        const double beta = this->beta(at.gradient);
        if (std::isfinite(beta)) p += beta * last_;
        // Where the sum is hardly a descent direction, the memory is of no use.
        const double slope = at.gradient.dot(p);
        if (!(slope < -1e-10 * at.gradient.norm() * p.norm())) p = -at.gradient;
      }
      last_ = p;
    }

    void moved(const Point& from, const Point&) override { gradient_ = from.gradient; }

   private:
    double beta(const Vector& g) const {
      const Vector y = g - gradient_;
      const double before = gradient_.squaredNorm();
      const double curvature = last_.dot(y);
      switch (formula_) {
        case 0: return g.squaredNorm() / before;
        case 1: return std::max(g.dot(y) / before, 0.0);
        case 2: return std::max(g.dot(y) / curvature, 0.0);
        case 3: return g.squaredNorm() / curvature;
        default: break;
      }
      const double found =
          (y.dot(g) - 2.0 * y.squaredNorm() / curvature * last_.dot(g)) / curvature;
      return std::max(found, -1.0 / (last_.norm() * std::min(0.01, std::sqrt(before))));
    }

    int formula_;
    Vector last_;      // p_{k-1}
    Vector gradient_;  // g_{k-1}
  };

  std::unique_ptr<Direction> make() const { return std::make_unique<Run>(static_cast<int>(beta)); }
};

}  // namespace optlite::directions
