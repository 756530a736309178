#pragma once

#include <cmath>

#include "optlite/penalties/concept.hpp"

namespace optlite::penalties {

/// No penalty: maximum likelihood.
struct Zero {
  static constexpr auto doc = "No penalty.";
  static constexpr auto formula = R"(h(w) = 0)";
  static constexpr auto reference = "Nocedal and Wright, Numerical Optimization, 2006, chapter 1";
  static constexpr bool smooth = true;

  double value(double) const { return 0.0; }
  double first(double) const { return 0.0; }
  double second(double) const { return 0.0; }
  double prox(double v, double) const { return v; }
  double subdifferential_distance(double, double gradient) const { return std::fabs(gradient); }
};

}  // namespace optlite::penalties
