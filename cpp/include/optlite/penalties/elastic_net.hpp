#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "optlite/penalties/concept.hpp"

namespace optlite::penalties {

/// Elastic net: zeros as of the lasso, and correlated columns share an effect as in ridge.
struct ElasticNet {
  static constexpr auto doc = "A mixture of the absolute value and half the square.";
  static constexpr auto formula = R"(h(w) = r |w| + \tfrac{1 - r}{2} w^2)";
  static constexpr auto reference =
      "Zou and Hastie, Regularization and variable selection via the elastic net, 2005, eq. 3";
  static constexpr bool smooth = false;

  double l1_ratio = 0.5;
  static constexpr auto fields() {
    return std::array{field("l1_ratio", &ElasticNet::l1_ratio, Range{0.0, 1.0, false, false},
                            "Share r of the absolute value.")};
  }

  double value(double w) const {
    return (l1_ratio + 0.5 * (1.0 - l1_ratio) * std::fabs(w)) * std::fabs(w);
  }
  double prox(double v, double step) const {
    const double threshold = step * l1_ratio;
    return (v - std::clamp(v, -threshold, threshold)) / (1.0 + step * (1.0 - l1_ratio));
  }
  double subdifferential_distance(double w, double gradient) const {
    if (w == 0.0) return std::max(std::fabs(gradient) - l1_ratio, 0.0);
    return std::fabs(gradient + std::copysign(l1_ratio, w) + (1.0 - l1_ratio) * w);
  }
  double conjugate(double u) const {
    const double excess = std::max(std::fabs(u) - l1_ratio, 0.0);
    return excess > 0.0 && l1_ratio < 1.0 ? 0.5 * excess * excess / (1.0 - l1_ratio) : 0.0;
  }
  double reach(double c) const {
    return l1_ratio < 1.0 || c == 0.0 ? infinity : l1_ratio / std::fabs(c);
  }
};

}  // namespace optlite::penalties
