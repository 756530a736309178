#pragma once

#include <cmath>

#include "optlite/core/stable.hpp"
#include "optlite/objectives/concept.hpp"

namespace optlite::objectives {

/// Counts with mean e^z; the constant log(y!) is left out.
struct Poisson {
  static constexpr auto doc = "Negative log-likelihood of a count whose log-mean is linear in x.";
  static constexpr auto formula = R"(\ell(z, y) = e^z - y z, \quad y \ge 0)";
  static constexpr auto reference =
      "Nelder and Wedderburn, Generalized linear models, 1972, section 1.3";
  static constexpr Target target = Target::count;
  static constexpr double self_concordance = 1.0;

  double curvature_bound() const { return infinity; }

  Sample at(double z, double y) const {
    const double mean = stable::exp(z);
    return {mean - y * z, mean - y, mean};
  }

  /// The divergence of the mean t e^z + (1 - t) y from e^z.
  double gap(double z, double y, double t) const {
    const double mean = stable::exp(z);
    const double change = (1.0 - t) * (y - mean);
    if (!(mean + change > 0.0)) return mean;
    return (mean + change) * std::log1p(change / mean) - change;
  }
};

}  // namespace optlite::objectives
