#pragma once

#include "optlite/activations/concept.hpp"
#include "optlite/core/special.hpp"

namespace optlite::activations {

/// The exact form, with the distribution function Phi and the density phi of a standard normal:
/// g' = Phi(a) + a phi(a), g'' = (2 - a^2) phi(a).
struct Gelu {
  static constexpr auto title = "GELU";
  static constexpr auto doc = "Gaussian error linear unit: a smooth rectifier that dips below 0.";
  static constexpr auto formula = R"(g(a) = a\, \Phi(a))";
  static constexpr auto reference =
      "Hendrycks and Gimpel, Gaussian error linear units (GELUs), 2016, section 2";
  static constexpr bool smooth = true;
  static constexpr bool straight_line = false;

  Unit at(double a) const {
    if (a < -40.0) return {0.0, 0.0, 0.0};  // below every double; and -inf * 0 is none
    const double below = special::normal_cdf(a);
    const double density = special::normal_density(a);
    if (a > 40.0) return {a, 1.0, 0.0};
    return {a * below, below + a * density, (2.0 - a * a) * density};
  }
};

}  // namespace optlite::activations
