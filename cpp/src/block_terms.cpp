#include <algorithm>
#include <cmath>
#include <utility>

#include "optlite/bcd/terms.hpp"

namespace optlite::bcd {

Terms::Terms(Vector l1, Vector lower, Vector upper)
    : l1_(std::move(l1)), lower_(std::move(lower)), upper_(std::move(upper)) {}

Terms::Terms(std::vector<Index> group_of, Vector weights)
    : group_of_(std::move(group_of)),
      weights_(std::move(weights)),
      squares_(weights_.size()),
      gradient_squares_(weights_.size()) {}

void Terms::norms(const Block& block, const Vector& x) const {
  for (const Index i : block) squares_[group(i)] = 0.0;
  for (std::size_t k = 0; k < block.size(); ++k) {
    const double value = x[static_cast<Index>(k)];
    squares_[group(block[k])] += value * value;
  }
}

double Terms::value(const Block& block, const Vector& x) const {
  double sum = 0.0;
  if (!grouped()) {
    for (std::size_t k = 0; k < block.size() && !none(); ++k) {
      sum += value(block[k], x[static_cast<Index>(k)]);
    }
    return sum;
  }
  norms(block, x);
  for (const Index i : block) {
    sum += weights_[group(i)] * std::sqrt(squares_[group(i)]);
    squares_[group(i)] = 0.0;  // counted
  }
  return sum;
}

double Terms::prox(Index i, double step, double v) const {
  const double threshold = step * l1_[i];
  const double shrunk = v - std::clamp(v, -threshold, threshold);
  return std::clamp(shrunk, lower_[i], upper_[i]);
}

void Terms::prox(const Block& block, double step, Vector& v) const {
  if (none()) return;
  if (grouped()) norms(block, v);
  for (std::size_t k = 0; k < block.size(); ++k) {
    double& value = v[static_cast<Index>(k)];
    if (!grouped()) {
      value = prox(block[k], step, value);
      continue;
    }
    const double norm = std::sqrt(squares_[group(block[k])]);
    const double threshold = step * weights_[group(block[k])];
    value *= norm > threshold ? 1.0 - threshold / norm : 0.0;
  }
}

/// The subdifferential is an interval around the gradient; of it, the number nearest to zero.
double Terms::least_subgradient(Index i, double x, double gradient) const {
  double left = gradient + (x > 0.0 ? l1_[i] : -l1_[i]);
  double right = gradient + (x < 0.0 ? -l1_[i] : l1_[i]);
  if (x <= lower_[i]) left = -infinity;
  if (x >= upper_[i]) right = infinity;
  return std::min(std::max(0.0, left), right);
}

void Terms::least_subgradient(const Block& block, const Vector& x, const Vector& gradient,
                              Vector& s) const {
  s = gradient;
  if (none()) return;
  if (!grouped()) {
    for (std::size_t k = 0; k < block.size(); ++k) {
      const auto at = static_cast<Index>(k);
      s[at] = least_subgradient(block[k], x[at], gradient[at]);
    }
    return;
  }
  norms(block, gradient);
  for (const Index i : block) gradient_squares_[group(i)] = squares_[group(i)];
  norms(block, x);
  for (std::size_t k = 0; k < block.size(); ++k) {
    const Index G = group(block[k]);
    const auto at = static_cast<Index>(k);
    if (squares_[G] > 0.0) {
      s[at] += weights_[G] * x[at] / std::sqrt(squares_[G]);
    } else {
      const double norm = std::sqrt(gradient_squares_[G]);
      s[at] *= norm > weights_[G] ? 1.0 - weights_[G] / norm : 0.0;
    }
  }
}

bool Terms::at_kink(Index i, double x) const {
  if (none()) return false;
  if (grouped()) return x == 0.0 && weights_[group(i)] > 0.0;
  return (x == 0.0 && l1_[i] > 0.0) || x <= lower_[i] || x >= upper_[i];
}

double Terms::settled(Index i, double x) const {
  if (none() || grouped()) return x;
  const double within = std::clamp(x, lower_[i], upper_[i]);  // a long step may miss by more
  for (const double bound : {lower_[i], upper_[i]}) {
    if (!std::isfinite(bound)) continue;
    if (std::fabs(within - bound) <= 4.0 * epsilon * std::fabs(bound)) return bound;
  }
  return within;
}

Terms::Cell Terms::cell(Index i, double x, double s) const {
  if (l1_[i] == 0.0) return {lower_[i], upper_[i]};
  if (x > 0.0 || (x == 0.0 && s < 0.0)) return {std::max(0.0, lower_[i]), upper_[i]};
  if (x < 0.0 || s > 0.0) return {lower_[i], std::min(0.0, upper_[i])};
  return {0.0, 0.0};
}

}  // namespace optlite::bcd
