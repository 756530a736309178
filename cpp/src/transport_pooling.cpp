#include "optlite/transport/pooling.hpp"

#include <algorithm>
#include <cmath>

#include "optlite/core/stable.hpp"

namespace optlite::transport {

namespace {

void fill(const Vector& soft_minima, const Vector& a, double reg, Pooled& at) {
  for (Index i = 0; i < a.size(); ++i) {
    const double z = (at.multiplier - soft_minima[i]) / reg;
    at.sent[i] = a[i] * stable::sigmoid(z);
    at.kept[i] = a[i] * stable::sigmoid(-z);
  }
}

}  // namespace

/// Newton's method on the sum, which grows with t, inside an interval that holds the root.
Pooled pool(const Vector& soft_minima, const Vector& a, double mass, double reg) {
  Pooled at{Vector(a.size()), Vector(a.size()), 0.0};
  const double odds = reg * (std::log(mass) - std::log(a.sum() - mass));
  double low = soft_minima.minCoeff() + odds;
  double high = soft_minima.maxCoeff() + odds;
  at.multiplier = 0.5 * (low + high);
  for (int k = 0; k < 2000; ++k) {
    fill(soft_minima, a, reg, at);
    // The smaller of the two sums has the smaller rounding error.
    const bool few = mass <= 0.5 * a.sum();
    const double excess = few ? at.sent.sum() - mass : (a.sum() - mass) - at.kept.sum();
    if (excess > 0.0) high = at.multiplier;
    else low = at.multiplier;
    const double slope = at.sent.dot(at.kept.cwiseQuotient(a)) / reg;
    const double newton = at.multiplier - excess / slope;
    const double next = newton > low && newton < high ? newton : 0.5 * (low + high);
    if (excess == 0.0 || next == at.multiplier || !(low < high)) break;
    const bool still = std::fabs(next - at.multiplier) <= 4e-16 * std::fabs(next);
    at.multiplier = next;
    if (still) break;
  }
  fill(soft_minima, a, reg, at);
  return at;
}

}  // namespace optlite::transport
