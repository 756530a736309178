#pragma once

#include "optlite/activations/concept.hpp"

namespace optlite::activations {

/// Its second derivative is 0 wherever there is one: Hessians of a network are those almost
/// everywhere, and say nothing of the kinks.
struct Relu {
  static constexpr auto title = "ReLU";
  static constexpr auto doc = "Rectifier: the positive part.";
  static constexpr auto formula = R"(g(a) = \max(a, 0))";
  static constexpr auto reference =
      "Glorot, Bordes and Bengio, Deep sparse rectifier neural networks, 2011, section 3";
  static constexpr bool smooth = false;
  static constexpr bool straight_line = true;

  Unit at(double a) const {
    const bool off = a <= 0.0;  // NaN passes
    return {off ? 0.0 : a, off ? 0.0 : 1.0, 0.0};
  }
};

}  // namespace optlite::activations
