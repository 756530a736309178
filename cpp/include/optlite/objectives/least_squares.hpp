#pragma once

#include "optlite/objectives/concept.hpp"

namespace optlite::objectives {

/// Half the squared error: the negative log-likelihood of a normal with unit variance.
struct LeastSquares {
  static constexpr auto doc = "Half the squared error of a linear prediction.";
  static constexpr auto formula = R"(\ell(z, y) = \tfrac12 (z - y)^2)";
  static constexpr auto reference =
      "Legendre, Nouvelles méthodes pour la détermination des orbites des comètes, 1805, appendix";
  static constexpr Target target = Target::real;
  static constexpr double self_concordance = 0.0;

  double curvature_bound() const { return 1.0; }

  Sample at(double z, double y) const {
    const double residual = z - y;
    return {0.5 * residual * residual, residual, 1.0};
  }

  double gap(double z, double y, double t) const {
    const double lost = (1.0 - t) * (z - y);
    return 0.5 * lost * lost;
  }
};

}  // namespace optlite::objectives
