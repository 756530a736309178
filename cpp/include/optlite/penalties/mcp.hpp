#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "optlite/penalties/concept.hpp"

namespace optlite::penalties {

/// Zeros as of the lasso, and no shrinkage of what is large.
struct Mcp {
  static constexpr auto title = "MCP";
  static constexpr auto doc =
      "Minimax concave penalty: the absolute value, bent until it is constant.";
  static constexpr auto formula =
      R"(h(w) = \begin{cases} |w| - \frac{w^2}{2 \gamma} & |w| \le \gamma \\
      \frac{\gamma}{2} & |w| > \gamma \end{cases}, \quad
      \text{at strength } \alpha: \alpha^2 h(w / \alpha))";
  static constexpr auto reference =
      "Zhang, Nearly unbiased variable selection under minimax concave penalty, 2010";
  static constexpr bool smooth = false;
  static constexpr bool moves_with_strength = true;

  double gamma = 3.0;
  static constexpr auto fields() {
    return std::array{field("gamma", &Mcp::gamma, Range{1.0, infinity, true, true},
                            "Where the penalty becomes constant, in units of its strength.")};
  }

  double concavity() const { return 1.0 / gamma; }

  double value(double w) const {
    const double inside = std::min(std::fabs(w), gamma);
    return inside * (1.0 - 0.5 * inside / gamma);
  }

  /// Firm thresholding; a long step leaves nothing between zero and v.
  double prox(double v, double step) const {
    const double size = std::fabs(v);
    if (step >= gamma) return size * size > step * gamma ? v : 0.0;
    if (size <= step) return 0.0;
    if (size >= gamma) return v;
    return std::copysign((size - step) / (1.0 - step / gamma), v);
  }

  double subdifferential_distance(double w, double gradient) const {
    if (w == 0.0) return std::max(std::fabs(gradient) - 1.0, 0.0);
    const double slope = std::max(1.0 - std::fabs(w) / gamma, 0.0);
    return std::fabs(gradient + std::copysign(slope, w));
  }
};

}  // namespace optlite::penalties
