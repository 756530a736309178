#pragma once

#include <algorithm>
#include <cmath>

#include "optlite/penalties/concept.hpp"

namespace optlite::penalties {

/// Lasso: small coordinates become exactly zero, the others shrink by a constant.
struct L1 {
  static constexpr auto doc = "The absolute value: the lasso.";
  static constexpr auto formula = R"(h(w) = |w|)";
  static constexpr auto reference =
      "Tibshirani, Regression shrinkage and selection via the lasso, 1996, eq. 1";
  static constexpr bool smooth = false;

  double value(double w) const { return std::fabs(w); }
  /// Soft thresholding.
  double prox(double v, double step) const { return v - std::clamp(v, -step, step); }
  double subdifferential_distance(double w, double gradient) const {
    if (w != 0.0) return std::fabs(gradient + std::copysign(1.0, w));
    return std::max(std::fabs(gradient) - 1.0, 0.0);
  }
  double conjugate(double) const { return 0.0; }
  double reach(double c) const { return c == 0.0 ? infinity : 1.0 / std::fabs(c); }
};

}  // namespace optlite::penalties
