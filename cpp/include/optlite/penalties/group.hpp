#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "optlite/penalties/concept.hpp"

namespace optlite::penalties {

/// Group lasso (r = 0): the coordinates of a group leave zero together. Sparse group lasso (r > 0):
/// within a group some stay there.
struct Group {
  static constexpr auto doc = "The Euclidean norm of a group, mixed with its absolute values.";
  static constexpr auto formula = R"(h(w_g) = r \|w_g\|_1 + (1 - r) \|w_g\|_2)";
  static constexpr auto reference =
      "Yuan and Lin, Model selection and estimation in regression with grouped variables, 2006; "
      "Simon, Friedman, Hastie and Tibshirani, A sparse-group lasso, 2013";
  static constexpr bool smooth = false;

  double l1_ratio = 0.0;
  static constexpr auto fields() {
    return std::array{field("l1_ratio", &Group::l1_ratio, Range{0.0, 1.0, false, false},
                            "Share r of the absolute values.")};
  }

  double value(const double* w, Index size) const {
    double sum = 0.0;
    for (Index j = 0; j < size; ++j) sum += std::fabs(w[j]);
    return l1_ratio * sum + (1.0 - l1_ratio) * norm(w, size);
  }

  /// The prox of the absolute values, then that of the norm: the first changes no sign, so that it
  /// leaves the subgradient of the second one where it has to be.
  void prox(const double* v, Index size, double step, double* w) const {
    const double threshold = step * l1_ratio;
    for (Index j = 0; j < size; ++j) w[j] = v[j] - std::clamp(v[j], -threshold, threshold);
    const double length = norm(w, size);
    const double left = length - step * (1.0 - l1_ratio);
    for (Index j = 0; j < size; ++j) w[j] = left > 0.0 ? w[j] * (left / length) : 0.0;
  }

  double subdifferential_distance(const double* w, const double* gradient, Index size) const {
    const double length = norm(w, size);
    double distance = 0.0;
    for (Index j = 0; j < size; ++j) {
      const double pull = length > 0.0 ? (1.0 - l1_ratio) * w[j] / length : 0.0;
      const double g = gradient[j] + pull;
      const double left =
          w[j] != 0.0 ? g + std::copysign(l1_ratio, w[j]) : g - std::clamp(g, -l1_ratio, l1_ratio);
      distance = std::hypot(distance, left);
    }
    // At zero the norm contributes a ball.
    return length > 0.0 ? distance : std::max(distance - (1.0 - l1_ratio), 0.0);
  }

 private:
  /// Without overflow or underflow of the squares.
  static double norm(const double* w, Index size) {
    if (size == 1) return std::fabs(w[0]);
    double top = 0.0;
    for (Index j = 0; j < size; ++j) top = std::max(top, std::fabs(w[j]));
    if (!(top > 0.0) || std::isinf(top)) return top;
    double sum = 0.0;
    for (Index j = 0; j < size; ++j) sum += (w[j] / top) * (w[j] / top);
    return top * std::sqrt(sum);
  }
};

}  // namespace optlite::penalties
