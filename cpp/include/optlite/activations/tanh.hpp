#pragma once

#include <cmath>

#include "optlite/activations/concept.hpp"
#include "optlite/core/stable.hpp"

namespace optlite::activations {

/// With t = e^(-2|a|): tanh |a| = (1 - t) / (1 + t), and 1 - tanh^2 a = 4 t / (1 + t)^2 keeps its
/// digits where tanh a rounds to 1.
struct Tanh {
  static constexpr auto doc = "Hyperbolic tangent: odd, from -1 to 1.";
  static constexpr auto formula = R"(g(a) = \tanh a)";
  static constexpr auto reference =
      "LeCun, Bottou, Orr and Müller, Efficient BackProp, 1998, section 4.4";
  static constexpr bool smooth = true;
  static constexpr bool straight_line = true;

  Unit at(double a) const {
    const double t = stable::exp(-2.0 * std::fabs(a));
    const double inverse = 1.0 / (1.0 + t);
    const double size = (1.0 - t) * inverse;
    const double value = a < 0.0 ? -size : size;
    const double first = 4.0 * t * inverse * inverse;
    return {value, first, -2.0 * value * first};
  }
};

}  // namespace optlite::activations
