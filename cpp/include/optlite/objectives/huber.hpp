#pragma once

#include <array>
#include <cmath>

#include "optlite/objectives/concept.hpp"

namespace optlite::objectives {

/// Squared error near zero, absolute error in the tails.
struct Huber {
  static constexpr auto doc = "Squared error up to delta, linear beyond it: robust to outliers.";
  static constexpr auto formula =
      R"(\ell(z, y) = \begin{cases} \tfrac12 r^2 & |r| \le \delta \\
      \delta |r| - \tfrac12 \delta^2 & |r| > \delta \end{cases}, \quad r = z - y)";
  static constexpr auto reference = "Huber, Robust estimation of a location parameter, 1964, eq. 2";
  static constexpr Target target = Target::real;
  static constexpr double self_concordance = infinity;

  double delta = 1.35;
  static constexpr auto fields() {
    return std::array{field("delta", &Huber::delta, positive,
                            "Residual at which the loss turns from quadratic to linear, in the "
                            "unit of y.")};
  }

  double curvature_bound() const { return 1.0; }

  Sample at(double z, double y) const {
    const double r = z - y;
    const double size = std::fabs(r);
    const bool inside = size <= delta;
    const double clipped = r > delta ? delta : (r < -delta ? -delta : r);
    return {clipped * (r - 0.5 * clipped), clipped, inside ? 1.0 : 0.0};
  }

  double gap(double z, double y, double t) const {
    const double size = std::fabs(z - y);
    const double clipped = size > delta ? delta : size;
    return (1.0 - t) * clipped * (size - 0.5 * (1.0 + t) * clipped);
  }
};

}  // namespace optlite::objectives
