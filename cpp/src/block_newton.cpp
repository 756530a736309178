#include <algorithm>
#include <cmath>

#include "optlite/bcd/newton.hpp"
#include "optlite/core/interrupt.hpp"

namespace optlite::bcd {

double BlockNewton::minimise(State& state, const Block& block, int most, double share, Vector& d) {
  state.f.restrict(block);
  gather(state.f.x(), block, base_);
  d.setZero(base_.size());
  x_ = base_;
  change_ = 0.0;
  double first = 0.0;
  for (int k = 0; k < most; ++k) {
    if (k == 0) {
      gather(state.f.gradient(), block, gradient_);
    } else {
      state.f.slopes(d, gradient_);
    }
    state.g.least_subgradient(block, x_, gradient_, s_);
    const double norm = s_.norm();
    if (k == 0) first = norm;
    if (!(norm > share * first)) break;  // NaN, too
    if (k > 0) interrupt::poll();
    state.f.hessian(d, H_);
    if (direct(state, block) && search(state, block, d)) continue;
    if (!direct_by_bound(state, block) || !search(state, block, d)) break;
  }
  return change_;
}

/// Sets the cell and p. False if no variable can move.
bool BlockNewton::direct(State& state, const Block& block) {
  const Index size = x_.size();
  Vector L;
  gather(state.f.curvature().diagonal(), block, L);
  lower_.resize(size);
  upper_.resize(size);
  p_.setZero(size);
  free_.clear();
  for (Index i = 0; i < size; ++i) {
    const Terms::Cell cell = state.g.none()
                                 ? Terms::Cell{-infinity, infinity}
                                 : state.g.cell(block[static_cast<std::size_t>(i)], x_[i], s_[i]);
    lower_[i] = cell.lower;
    upper_[i] = cell.upper;
    const double end = s_[i] > 0.0 ? cell.lower : cell.upper;
    // Along a variable on which f does not depend F is linear.
    const bool active = std::fabs(end - x_[i]) * L[i] <= std::fabs(s_[i]);
    if (cell.lower == cell.upper) continue;
    const bool kinked = state.g.at_kink(block[static_cast<std::size_t>(i)], x_[i]);
    if (s_[i] == 0.0 && (kinked || L[i] == 0.0)) continue;
    if (active && std::isfinite(end)) {
      p_[i] = L[i] > 0.0 ? -s_[i] / L[i] : end - x_[i];
    } else if (L[i] > 0.0) {
      free_.push_back(i);
    }
  }
  if (!free_.empty()) newton_step();
  return p_.cwiseAbs().maxCoeff() > 0.0;
}

/// Within the same cell, a step of which a decrease is certain: the sum of the diagonal is no less
/// than the largest eigenvalue. False if no variable can move.
bool BlockNewton::direct_by_bound(State& state, const Block& block) {
  double L = 0.0;
  for (const Index i : block) L += state.f.curvature().diagonal()[i];
  if (!(L > 0.0)) return false;
  p_ = -s_ / L;
  return p_.cwiseAbs().maxCoeff() > 0.0;
}

/// p of the free variables. Where their matrix is singular, F is a line along what it does not see:
/// there the step goes to the first end of an interval.
void BlockNewton::newton_step() {
  const auto count = static_cast<Index>(free_.size());
  const auto at = [this](Index k) { return free_[static_cast<std::size_t>(k)]; };
  free_H_.resize(count, count);
  Vector r(count);
  for (Index k = 0; k < count; ++k) {
    for (Index l = 0; l < count; ++l) free_H_(k, l) = H_(at(k), at(l));
    r[k] = -s_[at(k)];
  }
  const BlockSolver solver(free_H_);
  Vector step = r;
  solver.solve(step);
  if (solver.singular()) {
    const Vector unseen = r - free_H_ * step;
    double length = infinity;
    for (Index k = 0; k < count; ++k) {
      const double end = unseen[k] < 0.0 ? lower_[at(k)] : upper_[at(k)];
      if (unseen[k] != 0.0) length = std::min(length, (end - x_[at(k)]) / unseen[k]);
    }
    if (unseen.norm() > 1e-8 * r.norm() && std::isfinite(length)) step += length * unseen;
  }
  for (Index k = 0; k < count; ++k) p_[at(k)] = step[k];
}

/// d moves along the projected path. False if it does not move.
bool BlockNewton::search(State& state, const Block& block, Vector& d) {
  constexpr double share = 1e-4;
  constexpr int most_halvings = 40;
  const double g_here = state.g.value(block, x_) - state.g.value(block, base_);
  const double f_here = change_ - g_here;
  const double slack = state.f.rounding() + 8.0 * epsilon * std::fabs(change_);
  double length = 1.0;
  for (int k = 0; k < most_halvings; ++k, length *= 0.5) {
    trial_ = (x_ + length * p_).cwiseMax(lower_).cwiseMin(upper_);
    const double promised = s_.dot(trial_ - x_);
    if (!(promised < 0.0)) continue;
    d_trial_ = trial_ - base_;
    const double f_change = state.f.change(d_trial_);
    const double gain = f_change - f_here + state.g.value(block, trial_) - state.g.value(block, x_);
    if (!(gain <= share * promised + slack)) continue;
    d = d_trial_;
    x_ = trial_;  // not base + d: a bound is met exactly
    change_ += gain;
    return true;
  }
  return false;
}

}  // namespace optlite::bcd
