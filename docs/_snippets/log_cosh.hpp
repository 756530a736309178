#pragma once

#include <cmath>

#include "optlite/core/stable.hpp"
#include "optlite/objectives/concept.hpp"

namespace optlite::objectives {

/// log cosh r = |r| + log(1 + e^(-2|r|)) - log 2: quadratic near zero, linear in the tails.
struct LogCosh {
  static constexpr auto doc = "Logarithm of the hyperbolic cosine of the residual: a smooth Huber.";
  static constexpr auto formula = R"(\ell(z, y) = \log \cosh (z - y))";
  static constexpr auto reference =
      "Green, Bayesian reconstructions from emission tomography data using a modified EM "
      "algorithm, 1990";
  static constexpr Target target = Target::real;
  static constexpr double self_concordance = 2.0;  // |l'''| = 2 |tanh r| l''

  double curvature_bound() const { return 1.0; }

  Sample at(double z, double y) const {
    const double r = z - y;
    const double t = stable::exp(-2.0 * std::fabs(r));
    const double slope = (1.0 - t) / (1.0 + t);  // tanh |r|
    const double value = std::fabs(r) + stable::log1p_unit(t) - 0.6931471805599453;
    return {value, r < 0.0 ? -slope : slope, 4.0 * t / ((1.0 + t) * (1.0 + t))};
  }
};

}  // namespace optlite::objectives
