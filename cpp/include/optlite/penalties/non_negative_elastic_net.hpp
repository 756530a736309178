#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "optlite/penalties/concept.hpp"

namespace optlite::penalties {

/// The elastic net (the lasso at r = 1) for coefficients that must not be negative.
struct NonNegativeElasticNet {
  static constexpr auto doc =
      "The elastic net, with the constraint that coordinates are at least zero.";
  static constexpr auto formula =
      R"(h(w) = \begin{cases} r w + \tfrac{1 - r}{2} w^2 & w \ge 0 \\ \infty & w < 0 \end{cases})";
  static constexpr auto reference =
      "Efron, Hastie, Johnstone and Tibshirani, Least angle regression, 2004, section 3.4";
  static constexpr bool smooth = false;

  double l1_ratio = 0.5;
  static constexpr auto fields() {
    return std::array{field("l1_ratio", &NonNegativeElasticNet::l1_ratio,
                            Range{0.0, 1.0, false, false}, "Share r of the absolute value.")};
  }

  double value(double w) const {
    return w < 0.0 ? infinity : (l1_ratio + 0.5 * (1.0 - l1_ratio) * w) * w;
  }
  double prox(double v, double step) const {
    return std::max(v - step * l1_ratio, 0.0) / (1.0 + step * (1.0 - l1_ratio));
  }
  double subdifferential_distance(double w, double gradient) const {
    if (w < 0.0) return infinity;
    if (w == 0.0) return std::max(-gradient - l1_ratio, 0.0);
    return std::fabs(gradient + l1_ratio + (1.0 - l1_ratio) * w);
  }
  double conjugate(double u) const {
    const double excess = std::max(u - l1_ratio, 0.0);
    return excess > 0.0 && l1_ratio < 1.0 ? 0.5 * excess * excess / (1.0 - l1_ratio) : 0.0;
  }
  double reach(double c) const { return l1_ratio < 1.0 || c <= 0.0 ? infinity : l1_ratio / c; }
};

}  // namespace optlite::penalties
