#pragma once

#include <algorithm>
#include <cmath>

#include "optlite/penalties/concept.hpp"

namespace optlite::penalties {

/// Between counting coefficients and adding their sizes up; zero is always a local minimum.
struct LHalf {
  static constexpr auto doc = "The square root of the absolute value.";
  static constexpr auto formula = R"(h(w) = |w|^{1/2})";
  static constexpr auto reference =
      "Xu, Chang, Xu and Zhang, L1/2 regularization: a thresholding representation theory and a "
      "fast solver, 2012";
  static constexpr bool smooth = false;
  static constexpr bool moves_with_strength = false;

  double concavity() const { return infinity; }

  double value(double w) const { return std::sqrt(std::fabs(w)); }

  /// Half thresholding: zero, or the largest root u = sqrt(w) of u^3 - |v| u + step / 2.
  double prox(double v, double step) const {
    const double size = std::fabs(v);
    if (size <= 1.5 * std::cbrt(step * step)) return 0.0;
    const double third = size / 3.0;
    const double angle = std::acos(std::max(-0.25 * step / (third * std::sqrt(third)), -1.0));
    const double u = 2.0 * std::sqrt(third) * std::cos(angle / 3.0);
    return std::copysign(u * u, v);
  }

  /// At zero the slopes are unbounded: nothing is too steep.
  double subdifferential_distance(double w, double gradient) const {
    if (w == 0.0) return 0.0;
    return std::fabs(gradient + std::copysign(0.5 / std::sqrt(std::fabs(w)), w));
  }
};

}  // namespace optlite::penalties
