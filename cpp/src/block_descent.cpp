#include "optlite/drivers/block_descent.hpp"

#include <cmath>

#include "optlite/core/interrupt.hpp"
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

}  // namespace

BlockDescentRun::BlockDescentRun(bcd::Quadratic& f, bcd::Blocks& blocks, BlockSelection& selection,
                                 BlockUpdate& update, std::uint64_t seed,
                                 BlockDescentOptions options)
    : state_{f, blocks, Philox(seed)},
      selection_(selection),
      update_(update),
      options_(options),
      first_value_(f.value()),
      goal_(options.tolerance * f.c().norm()) {
  measure();
  if (!std::isfinite(last_.gradient_norm)) status_ = Status::not_finite;
}

/// mu-strong convexity bounds f - min f by |grad f|^2 / (2 mu).
void BlockDescentRun::measure() {
  last_.value = state_.f.value();
  const double squared = state_.f.gradient().squaredNorm();
  last_.gradient_norm = std::sqrt(squared);
  const double mu = options_.strong_convexity;
  last_.certificate = mu > 0.0 ? squared / (2.0 * mu) : infinity;
}

/// The gap over that of the start is at most the bound over (decrease so far + the bound).
bool BlockDescentRun::reached() const {
  if (options_.strong_convexity == 0.0) return last_.gradient_norm <= goal_;
  const double whole = first_value_ - last_.value + last_.certificate;
  return last_.certificate <= options_.tolerance * whole;
}

/// Looks again with a gradient that is free of the rounding of all moves.
bool BlockDescentRun::confirmed() {
  if (!reached()) return false;
  state_.f.refresh();
  measure();
  if (reached()) return true;
  if (++refreshes_ >= most_refreshes) status_ = Status::precision_limit;
  return false;
}

bool BlockDescentRun::advance() {
  if (status_ != Status::running) return false;
  interrupt::poll();
  if (confirmed()) status_ = Status::converged;
  if (status_ != Status::running) return false;
  if (last_.iteration >= options_.max_iterations) {
    state_.f.refresh();
    measure();
    status_ = Status::iteration_limit;
    return false;
  }
  last_.score = selection_.choose(state_, block_);
  update_.step(state_, block_, d_);
  state_.f.move(block_, d_);
  last_.step_norm = d_.norm();
  last_.iteration = ++state_.iteration;
  measure();
  if (!std::isfinite(last_.gradient_norm)) status_ = Status::not_finite;
  return true;
}

Status BlockDescentRun::run() {
  while (advance()) {
  }
  return status_;
}

}  // namespace optlite
