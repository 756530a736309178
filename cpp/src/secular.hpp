// The zeros of 1 / rho + sum_j z_j^2 / (d_j - x): eigenvalues of diag(d) + rho z z^T.
#pragma once

#include <algorithm>
#include <cmath>

#include "optlite/core/numbers.hpp"

namespace optlite {

/// d ascends without repetition, no z is zero, rho > 0.
struct SecularEquation {
  const double* d;
  const double* squares;  // of z
  Index n;
  double rho;

  /// The function at d[pole] + offset: what the poles up to i and those above it add, and both
  /// slopes.
  struct Parts {
    double below, above, below_slope, above_slope;
  };
  Parts at(Index i, Index pole, double offset) const {
    const double origin = d[pole];
    const auto add = [=](Index begin, Index end, double& value, double& slope) {
      double total = 0.0, rise = 0.0;
#pragma omp simd reduction(+ : total, rise)
      for (Index j = begin; j < end; ++j) {
        const double inverse = 1.0 / ((d[j] - origin) - offset);
        const double term = squares[j] * inverse;
        total += term;
        rise += term * inverse;
      }
      value = total;
      slope = rise;
    };
    Parts parts;
    add(0, i + 1, parts.below, parts.below_slope);
    add(i + 1, n, parts.above, parts.above_slope);
    return parts;
  }

  /// The i-th zero, between d[i] and the next (or, the last, within rho |z|^2), as a distance from
  /// the pole next to it: differences between zero and poles, on which the eigenvectors depend,
  /// then have all their digits.
  struct Zero {
    Index pole;
    double offset;
  };
  Zero zero(Index i) const {
    const bool last = i + 1 == n;
    const double width = last ? rho * total_square() : d[i + 1] - d[i];
    const bool right = !last && value(at(i, i, 0.5 * width)) < 0.0;
    const Index pole = right ? i + 1 : i;
    double low = right ? -0.5 * width : 0.0, high = right ? 0.0 : last ? width : 0.5 * width;
    double x = right ? low : last ? 0.5 * width : high;
    constexpr int most_steps = 200;
    for (int k = 0; k < most_steps; ++k) {
      const Parts parts = at(i, pole, x);
      const double now = value(parts);
      const double noise = 1.0 / rho + std::fabs(parts.below) + std::fabs(parts.above) +
                           std::fabs(x) * (parts.below_slope + parts.above_slope);
      if (std::fabs(now) <= 8.0 * epsilon * noise) break;
      (now < 0.0 ? low : high) = x;
      const double to_left = (d[i] - d[pole]) - x;
      const double to_right = last ? infinity : (d[i + 1] - d[pole]) - x;
      double next = x + step(parts, now, to_left, to_right);
      if (!(next > low && next < high)) next = 0.5 * (low + high);
      if (next == x || next == low || next == high) break;
      x = next;
    }
    return {pole, x};
  }

 private:
  double value(const Parts& parts) const { return (1.0 / rho + parts.below) + parts.above; }
  double total_square() const {
    double total = 0.0;
    for (Index j = 0; j < n; ++j) total += squares[j];
    return total;
  }

  /// Both sides of the zero as constant + weight / (pole - x), with the function's value and slope;
  /// to the zero of their sum (Bunch, Nielsen and Sorensen, Rank-one modification of the symmetric
  /// eigenproblem, 1978; in the form of Li, Solving secular equations stably and efficiently, 1993,
  /// which cancels nothing). The poles are `left` < 0 and `right` > 0 away.
  static double step(const Parts& parts, double now, double left, double right) {
    const double slope = parts.below_slope + parts.above_slope;
    if (std::isinf(right)) return left * now / (now - left * parts.below_slope);
    const double a = (left + right) * now - left * right * slope;
    const double b = left * right * now;
    const double c = now - left * parts.below_slope - right * parts.above_slope;
    const double root = std::sqrt(std::fmax(a * a - 4.0 * b * c, 0.0));
    return a <= 0.0 ? (a - root) / (2.0 * c) : 2.0 * b / (a + root);
  }
};

}  // namespace optlite
