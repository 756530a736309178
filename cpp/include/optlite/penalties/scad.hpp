#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "optlite/penalties/concept.hpp"

namespace optlite::penalties {

/// The lasso's penalty near zero, a constant far from it, and a parabola that joins them.
struct Scad {
  static constexpr auto title = "SCAD";
  static constexpr auto doc =
      "Smoothly clipped absolute deviation: the absolute value up to one, constant from gamma on.";
  static constexpr auto formula =
      R"(h(w) = \begin{cases} |w| & |w| \le 1 \\
      \frac{2 \gamma |w| - w^2 - 1}{2 (\gamma - 1)} & 1 < |w| \le \gamma \\
      \frac{\gamma + 1}{2} & |w| > \gamma \end{cases}, \quad
      \text{at strength } \alpha: \alpha^2 h(w / \alpha))";
  static constexpr auto reference =
      "Fan and Li, Variable selection via nonconcave penalized likelihood and its oracle "
      "properties, 2001";
  static constexpr bool smooth = false;
  static constexpr bool moves_with_strength = true;

  double gamma = 3.7;
  static constexpr auto fields() {
    return std::array{field("gamma", &Scad::gamma, Range{2.0, infinity, true, true},
                            "Where the penalty becomes constant, in units of its strength.")};
  }

  double concavity() const { return 1.0 / (gamma - 1.0); }

  double value(double w) const {
    const double size = std::fabs(w);
    if (size <= 1.0) return size;
    if (size >= gamma) return 0.5 * (gamma + 1.0);
    return (size * (2.0 * gamma - size) - 1.0) / (2.0 * (gamma - 1.0));
  }

  double prox(double v, double step) const {
    const double size = std::fabs(v);
    if (step < gamma - 1.0) {  // one minimiser
      if (size <= 1.0 + step) return v - std::clamp(v, -step, step);
      if (size >= gamma) return v;
      return std::copysign(((gamma - 1.0) * size - step * gamma) / (gamma - 1.0 - step), v);
    }
    // The joining parabola bends down as fast as the distance bends up: it has no minimiser.
    const double near = std::clamp(size - step, 0.0, 1.0);
    if (size < gamma) return std::copysign(near, v);
    const double of_near = value(near) + 0.5 * (near - size) * (near - size) / step;
    return of_near <= 0.5 * (gamma + 1.0) ? std::copysign(near, v) : v;
  }

  double subdifferential_distance(double w, double gradient) const {
    if (w == 0.0) return std::max(std::fabs(gradient) - 1.0, 0.0);
    const double slope = std::clamp((gamma - std::fabs(w)) / (gamma - 1.0), 0.0, 1.0);
    return std::fabs(gradient + std::copysign(slope, w));
  }
};

}  // namespace optlite::penalties
