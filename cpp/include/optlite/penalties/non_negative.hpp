#pragma once

#include <cmath>

#include "optlite/penalties/concept.hpp"

namespace optlite::penalties {

/// The constraint w >= 0, as a penalty that is infinite elsewhere. It declares no conjugate: to
/// scale a point into its cone leaves nothing but zero, and the gap would be the objective.
struct NonNegative {
  static constexpr auto doc = "The constraint that every coordinate is at least zero.";
  static constexpr auto formula =
      R"(h(w) = \begin{cases} 0 & w \ge 0 \\ \infty & w < 0 \end{cases})";
  static constexpr auto reference =
      "Lawson and Hanson, Solving Least Squares Problems, 1974, chapter 23";
  static constexpr bool smooth = false;

  double value(double w) const { return w >= 0.0 ? 0.0 : infinity; }
  double prox(double v, double) const { return v > 0.0 ? v : 0.0; }
  double subdifferential_distance(double w, double gradient) const {
    if (w > 0.0) return std::fabs(gradient);
    if (w < 0.0) return infinity;
    return gradient < 0.0 ? -gradient : 0.0;  // the normal cone at 0 is (-inf, 0]
  }
};

}  // namespace optlite::penalties
