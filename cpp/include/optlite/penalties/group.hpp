#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <vector>

#include "optlite/penalties/concept.hpp"

namespace optlite {

/// The largest t with |soft(t c, l1)|_2 <= radius; infinity if c = 0. Between two numbers at which
/// t |c_j| = l1 for some j the squared norm is quadratic in t, over the k largest entries
///     t^2 sum c^2 - 2 t l1 sum c + k l1^2.
/// The root is taken in units of the largest numbers, whose squares cannot overflow or vanish, and
/// from the deviations of the entries from their mean: else it cancels where radius << l1.
inline double feasible_scale(std::vector<double> c, double l1, double radius) {
  for (double& x : c) x = std::fabs(x);
  std::sort(c.begin(), c.end(), std::greater<>());
  if (c.empty() || !(c[0] > 0.0)) return infinity;
  const double top = c[0];
  const double unit = std::max(l1, radius);
  if (!(unit > 0.0)) return 0.0;
  l1 /= unit;
  radius /= unit;
  double mean = 0.0;
  double squares = 0.0;
  double deviation = 0.0;  // sum of (c - mean)^2
  for (std::size_t k = 0; true; ++k) {
    const double x = c[k] / top;
    const double count = static_cast<double>(k + 1);
    const double from_mean = x - mean;
    mean += from_mean / count;
    deviation += from_mean * (x - mean);
    squares += x * x;
    const double square_of_root = squares * radius * radius - count * l1 * l1 * deviation;
    const double t = (l1 * count * mean + std::sqrt(std::max(square_of_root, 0.0))) / squares;
    if (k + 1 == c.size() || t * (c[k + 1] / top) <= l1) return t * (unit / top);
  }
}

namespace penalties {

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

  double conjugate(const double*, Index) const { return 0.0; }
  double reach(const double* c, Index size) const {
    return feasible_scale({c, c + size}, l1_ratio, 1.0 - l1_ratio);
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

}  // namespace penalties

}  // namespace optlite
