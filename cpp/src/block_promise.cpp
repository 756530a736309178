#include "optlite/bcd/promise.hpp"

namespace optlite::bcd {

namespace {

/// Of a group, which is block k of the partition.
Promise promise_of_group(State& state, Index k) {
  Block block;
  state.blocks.copy(k, block);
  const double largest = state.blocks.lipschitz()[k];
  const double L = largest > 0.0 ? largest : 1.0;
  Vector x, gradient, s, v;
  gather(state.f.x(), block, x);
  gather(state.f.gradient(), block, gradient);
  gather(state.subgradient, block, s);
  v = x - gradient / L;
  state.g.prox(block, 1.0 / L, v);
  const Vector d = v - x;
  const double model = gradient.dot(d) + 0.5 * L * d.squaredNorm() + state.g.value(block, v) -
                       state.g.value(block, x);
  return {s.squaredNorm(), d.squaredNorm(), -model};
}

}  // namespace

Promise promise_of(const State& state, Index i) {
  const double x = state.f.x()[i];
  const double gradient = state.f.gradient()[i];
  const double H = state.f.curvature().diagonal()[i];
  const double L = H > 0.0 ? H : 1.0;
  const double s = state.g.none() ? gradient : state.g.least_subgradient(i, x, gradient);
  if (state.g.none()) return {s * s, s * s / (L * L), 0.5 * s * s / L};
  const double v = state.g.prox(i, 1.0 / L, x - gradient / L);
  const double d = v - x;
  // On one side of zero g is a line: no difference of two values, in which small steps would drown.
  const double slope = state.g.slope(i, x == 0.0 ? v : x);
  double model = d * (gradient + slope + 0.5 * L * d);
  if (x * v < 0.0) model = d * (gradient + 0.5 * L * d) + state.g.value(i, v) - state.g.value(i, x);
  return {s * s, d * d, -model};
}

double take_most_promising(State& state, double Promise::* what, Block& block) {
  if (!state.g.grouped()) {
    return state.take_best([&](Index i) { return promise_of(state, i).*what; }, nullptr, block);
  }
  Index best = 0;
  double most = -1.0;
  for (Index k = 0; k < state.blocks.count(); ++k) {
    const double score = promise_of_group(state, k).*what;
    if (score > most) {
      most = score;
      best = k;
    }
  }
  state.take(best, block);
  return most;
}

}  // namespace optlite::bcd
