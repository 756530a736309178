#pragma once

#include <cmath>

#include "optlite/core/stable.hpp"
#include "optlite/objectives/concept.hpp"

namespace optlite::objectives {

/// Binary logistic loss; the label y is -1 or +1.
///
/// With m = y z: l = log(1 + e^-m), l' = -y sigmoid(-m), l'' = sigmoid(m) sigmoid(-m). All three
/// come from the one exponential e^-|m|, so none overflows or loses digits in a tail.
struct Logistic {
  static constexpr auto doc = "Negative log-likelihood of a binary label, log-odds linear in x.";
  static constexpr auto formula = R"(\ell(z, y) = \log(1 + e^{-yz}), \quad y \in \{-1, +1\})";
  static constexpr auto reference =
      "Cox, The regression analysis of binary sequences, 1958, section 2";
  static constexpr Target target = Target::binary;
  static constexpr double self_concordance = 1.0;

  double curvature_bound() const { return 0.25; }

  Sample at(double z, double y) const {
    const double m = y * z;
    const double t = stable::exp(-std::fabs(m));
    const double inverse = 1.0 / (1.0 + t);
    const double tail = t * inverse;                      // sigmoid(-|m|)
    const double wrong = m >= 0.0 ? tail : inverse;       // sigmoid(-m)
    const double hinge = m >= 0.0 ? 0.0 : -m;
    return {hinge + stable::log1p_unit(t), -y * wrong, tail * inverse};
  }

  /// The divergence of the probabilities (t p, 1 - t p) from (p, 1 - p), p that of the other class.
  double gap(double z, double y, double t) const {
    const double m = y * z;
    const double odds = stable::exp(-m);
    const double p = m >= 0.0 ? odds / (1.0 + odds) : 1.0 / (1.0 + stable::exp(m));
    return label_gap(p, odds, t);
  }
};

}  // namespace optlite::objectives
