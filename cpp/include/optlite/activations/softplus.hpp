#pragma once

#include <cmath>

#include "optlite/activations/concept.hpp"
#include "optlite/core/stable.hpp"

namespace optlite::activations {

/// From t = e^(-|a|), so that nothing overflows.
struct Softplus {
  static constexpr auto doc = "A smooth rectifier: positive, with slopes from 0 to 1.";
  static constexpr auto formula = R"(g(a) = \log(1 + e^a))";
  static constexpr auto reference =
      "Dugas, Bengio, Bélisle, Nadeau and Garcia, Incorporating second-order functional knowledge "
      "for "
      "better option pricing, 2001, equation 5";
  static constexpr bool smooth = true;
  static constexpr bool straight_line = true;

  Unit at(double a) const {
    const double t = stable::exp(-std::fabs(a));
    const double inverse = 1.0 / (1.0 + t);
    const double tail = t * inverse;
    const double hinge = a < 0.0 ? 0.0 : a;
    return {hinge + stable::log1p_unit(t), a < 0.0 ? tail : inverse, tail * inverse};
  }
};

}  // namespace optlite::activations
