#pragma once

#include <cmath>

#include "optlite/activations/concept.hpp"
#include "optlite/core/stable.hpp"

namespace optlite::activations {

/// All three from t = e^(-|a|), so that neither tail loses digits.
struct Sigmoid {
  static constexpr auto doc = "Logistic sigmoid: from 0 to 1.";
  static constexpr auto formula = R"(g(a) = \frac{1}{1 + e^{-a}})";
  static constexpr auto reference =
      "Rumelhart, Hinton and Williams, Learning representations by back-propagating errors, 1986, "
      "equation 2";
  static constexpr bool smooth = true;
  static constexpr bool straight_line = true;

  Unit at(double a) const {
    const double t = stable::exp(-std::fabs(a));
    const double inverse = 1.0 / (1.0 + t);
    const double tail = t * inverse;  // the smaller one of g(a) and g(-a)
    const double first = tail * inverse;
    const double bend = (1.0 - t) * inverse;  // |1 - 2 g(a)|
    return {a < 0.0 ? tail : inverse, first, (a < 0.0 ? first : -first) * bend};
  }
};

}  // namespace optlite::activations
