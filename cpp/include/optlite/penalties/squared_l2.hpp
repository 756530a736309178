#pragma once

#include <cmath>

#include "optlite/penalties/concept.hpp"

namespace optlite::penalties {

/// Ridge: shrinks every coordinate in proportion to its size.
struct SquaredL2 {
  static constexpr auto doc = "Half the squared Euclidean norm: ridge, weight decay.";
  static constexpr auto formula = R"(h(w) = \tfrac12 w^2)";
  static constexpr auto reference =
      "Hoerl and Kennard, Ridge regression: biased estimation for nonorthogonal problems, 1970, "
      "eq. 2.1";
  static constexpr bool smooth = true;

  double value(double w) const { return 0.5 * w * w; }
  double first(double w) const { return w; }
  double second(double) const { return 1.0; }
  double prox(double v, double step) const { return v / (1.0 + step); }
  double subdifferential_distance(double w, double gradient) const {
    return std::fabs(gradient + w);
  }
  double conjugate(double u) const { return 0.5 * u * u; }
  double reach(double) const { return infinity; }
};

}  // namespace optlite::penalties
