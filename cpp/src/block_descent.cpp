#include "optlite/drivers/block_descent.hpp"

#include <algorithm>
#include <cmath>

#include "optlite/core/interrupt.hpp"
#include "optlite/linalg/small_matrices.hpp"
#include "optlite/registered/block_selections.hpp"
#include "optlite/registered/block_updates.hpp"

namespace optlite {

const std::vector<BlockSelectionRow>& block_selection_table() {
  static const auto table = tabulate<BlockSelectionRow>(
      registered::block_selections,
      [](const auto& entry) { return make_block_selection_row(entry); });
  return table;
}

const std::vector<BlockUpdateRow>& block_update_table() {
  static const auto table = tabulate<BlockUpdateRow>(
      registered::block_updates, [](const auto& entry) { return make_block_update_row(entry); });
  return table;
}

namespace {

constexpr int most_refreshes = 20;  // claims of convergence that were rounding only, in one run
constexpr Index largest_support = 2000;  // for which the final phase factors the Hessian

/// Iterations in which all variables could have moved.
Index pass_of(const bcd::State& state) {
  const Index n = state.f.x().size();
  const Index size = std::max<Index>(state.blocks.size(), 1);
  return state.blocks.fixed() ? state.blocks.count() : (n + size - 1) / size;
}

}  // namespace

BlockDescentRun::BlockDescentRun(bcd::Smooth& f, const bcd::Terms& g, bcd::Blocks& blocks,
                                 BlockSelection& selection, BlockUpdate& update, std::uint64_t seed,
                                 BlockDescentOptions options)
    : state_(f, g, blocks, seed),
      selection_(selection),
      update_(update),
      options_(options),
      goal_(options.tolerance * f.scale()),
      patience_(2 * pass_of(state_)),
      next_phase_(patience_),
      pass_(pass_of(state_)) {
  measure();
  first_value_ = std::max(last_.value, options.reference);
  if (goal_ == 0.0) goal_ = options.tolerance * last_.gradient_norm;  // zero at zero
  if (!std::isfinite(last_.gradient_norm)) status_ = Status::not_finite;
}

/// mu-strong convexity bounds F - min F by |s|^2 / (2 mu), with s the least subgradient.
void BlockDescentRun::measure() {
  const bcd::Smooth& f = state_.f;
  last_.value = f.value();
  double squared = 0.0;
  if (state_.g.none()) {
    squared = f.gradient().squaredNorm();
  } else {
    last_.value += state_.g.value(state_.everything, f.x());
    state_.g.least_subgradient(state_.everything, f.x(), f.gradient(), state_.subgradient);
    squared = state_.subgradient.squaredNorm();
  }
  last_.gradient_norm = std::sqrt(squared);
  const double mu = options_.strong_convexity;
  last_.certificate = mu > 0.0 ? squared / (2.0 * mu) : infinity;
  measured_ = true;
}

const BlockDescentRecord& BlockDescentRun::last() {
  if (!measured_) measure();
  return last_;
}

void BlockDescentRun::refresh() {
  state_.f.refresh();
  state_.forget();
  measure();
}

/// The gap over that of the start is at most the bound over (decrease so far + the bound). Beside
/// infinity nothing is small.
bool BlockDescentRun::reached() const {
  if (options_.strong_convexity == 0.0) return last_.gradient_norm <= goal_;
  const double whole = first_value_ - last_.value + last_.certificate;
  return std::isfinite(whole) && last_.certificate <= options_.tolerance * whole;
}

/// Looks again with a gradient that is free of the rounding of all moves.
bool BlockDescentRun::confirmed() {
  if (!reached()) return false;
  refresh();
  if (reached()) return true;
  if (++refreshes_ >= most_refreshes) status_ = Status::precision_limit;
  return false;
}

/// Reading the clock takes as long as a short iteration.
void BlockDescentRun::poll() {
  constexpr Index worth_it = 100000;
  work_ += 100 + static_cast<Index>(block_.size()) * state_.f.x().size();
  if (work_ < worth_it) return;
  work_ = 0;
  interrupt::poll();
}

bool BlockDescentRun::advance() {
  if (status_ != Status::running) return false;
  poll();
  const bool is_last = state_.iteration >= options_.max_iterations;
  if (is_last || state_.iteration % options_.stride == 0) {
    if (!measured_) measure();
    if (!std::isfinite(last_.gradient_norm)) {
      status_ = Status::not_finite;
    } else if (confirmed()) {
      status_ = Status::converged;
    }
  }
  if (status_ != Status::running) return false;
  if (is_last) {
    refresh();
    status_ = Status::iteration_limit;
    return false;
  }
  if (support_is_settled()) {
    step_on_support();
  } else {
    last_.score = selection_.choose(state_, block_);
    update_.step(state_, block_, d_);
    move();
  }
  if (options_.anderson > 0 && state_.iteration % pass_ == 0) end_pass();
  return true;
}

/// The values of a quadratic can be compared without a look at H; others are extrapolated as maps.
void BlockDescentRun::end_pass() {
  if (!state_.g.none() || !state_.f.quadratic()) {
    extrapolate();
  } else if (hull_.minimise(state_.f, options_.anderson)) {
    state_.forget();
    measured_ = false;
  }
}

/// x_b += d; keeps account of which variables are at kinks.
void BlockDescentRun::move() {
  const bcd::Terms& g = state_.g;
  bool changed = false;
  if (!g.none()) {
    for (std::size_t k = 0; k < block_.size() && !changed; ++k) {
      const double x = state_.f.x()[block_[k]];
      const double after = g.settled(block_[k], x + d_[static_cast<Index>(k)]);
      changed = g.at_kink(block_[k], x) != g.at_kink(block_[k], after);
    }
  }
  state_.f.move(block_, d_);
  for (const Index i : block_) {
    if (g.none()) break;
    state_.f.place(i, g.settled(i, state_.f.x()[i]));
  }
  last_.step_norm = d_.norm();
  last_.iteration = ++state_.iteration;
  if (changed) last_.identified = last_.iteration;
  measured_ = false;
  if (!g.none()) measure();  // selections and updates read the subgradient
}

bool BlockDescentRun::same_kinks(const Vector& x, const Vector& y) const {
  const bcd::Terms& g = state_.g;
  for (const Index i : state_.everything) {
    if (g.at_kink(i, x[i]) != g.at_kink(i, y[i])) return false;
  }
  return true;
}

/// No variable came to a kink or left one for two passes over all of them: block_ becomes the
/// support, those at no kink.
bool BlockDescentRun::support_is_settled() {
  if (!options_.final_phase || state_.iteration < next_phase_) return false;
  if (state_.iteration - last_.identified < patience_) return false;
  bcd::Block support;
  for (const Index i : state_.everything) {
    if (!state_.g.at_kink(i, state_.f.x()[i])) support.push_back(i);
  }
  if (support.empty() || static_cast<Index>(support.size()) > largest_support) {
    next_phase_ = state_.iteration + patience_;
    return false;
  }
  block_ = support;
  return true;
}

/// A Newton step. While it helps, one follows the other.
void BlockDescentRun::step_on_support() {
  const double before = last_.gradient_norm;
  last_.score = 0.0;
  state_.chosen = -1;
  newton_.minimise(state_, block_, 1, 0.0, d_);
  move();
  if (last_.gradient_norm <= 0.5 * before) return;
  patience_ *= 2;
  next_phase_ = state_.iteration + patience_;
}

/// Anderson's extrapolation of whole passes, within the bounds, kept if F is less there: with U the
/// differences of successive x, the coefficients c minimise |U c| with sum 1.
void BlockDescentRun::extrapolate() {
  passes_.push_back(state_.f.x());
  if (static_cast<Index>(passes_.size()) <= options_.anderson) return;
  const Index K = options_.anderson;
  Matrix U(state_.f.x().size(), K);
  for (Index k = 0; k < K; ++k) {
    U.col(k) = passes_[static_cast<std::size_t>(k + 1)] - passes_[static_cast<std::size_t>(k)];
  }
  Matrix M = U.transpose() * U;
  M.diagonal().array() += 1e-12 * M.trace();
  Vector c = solve_symmetric(M, Vector::Ones(K));
  c /= c.sum();
  Vector x = Vector::Zero(state_.f.x().size());
  for (Index k = 0; k < K; ++k) x += c[k] * passes_[static_cast<std::size_t>(k + 1)];
  const Vector here = passes_.back();
  passes_.clear();
  if (!x.allFinite()) return;
  for (const Index i : state_.everything) x[i] = state_.g.settled(i, x[i]);
  if (!measured_) measure();
  const double value = last_.value;
  state_.f.jump(x);
  state_.forget();
  measure();
  if (last_.value < value) {  // NaN does not pass
    if (!same_kinks(here, x)) last_.identified = last_.iteration;
    return;
  }
  state_.f.jump(here);
  measure();
}

Status BlockDescentRun::run() {
  while (advance()) {
  }
  return status_;
}

}  // namespace optlite
