#include "optlite/drivers/staged_run.hpp"

#include <algorithm>
#include <cmath>

#include "optlite/core/clock.hpp"
#include "optlite/core/interrupt.hpp"

namespace optlite {

namespace {

constexpr int least_sweeps = 3;
constexpr double underflow = 1e-295;  // sums below it have no digits
constexpr double slow = 0.3;  // sweeps that leave more than this share of the error are slow

}  // namespace

StagedRun::StagedRun(double reg, double scale, bool newton, TransportOptions options)
    : options_(options),
      stages_(scale, reg, options.annealing),
      newton_(newton),
      started_(clock_seconds()) {}

void StagedRun::begin() {
  start_stage(stages_.reg());
  record();
  const State now = state();
  if (!std::isfinite(now.error) || !std::isfinite(now.value)) status_ = Status::not_finite;
}

void StagedRun::start_stage(double reg) {
  sweeps_left_ = least_sweeps;
  stalled_ = 0;
  best_ = infinity;
  evaluate_at(reg);
}

void StagedRun::next_stage() {
  set_potentials(stages_.next(potentials_of_stage()));
  start_stage(stages_.reg());
}

void StagedRun::record() {
  const State now = state();
  last_.reg = now.reg;
  last_.value = now.value;
  last_.error = now.error;
  last_.step_size = step_;
  last_.n_evaluations = now.n_evaluations;
  last_.n_products = now.n_products;
  last_.seconds = clock_seconds() - started_;
}

bool StagedRun::advance() {
  if (status_ != Status::running) return false;
  interrupt::poll();
  const State now = state();
  const bool last = stages_.last();
  const double share =
      last ? options_.tolerance : std::max(options_.tolerance, options_.stage_tolerance);
  const double goal = std::max(share * now.mass, underflow);
  if (now.error <= goal && last) {
    status_ = Status::converged;
    return false;
  }
  if (last_.iteration >= options_.max_iterations) {
    status_ = Status::iteration_limit;
    return false;
  }
  if (now.error <= goal) {
    next_stage();
  } else {
    const bool better = improve(goal);
    last_.n_newton += was_newton_ ? 1 : 0;
    const double error = state().error;
    if (!std::isfinite(error)) status_ = Status::not_finite;
    else if (!better && error > goal && last) status_ = Status::precision_limit;
    else if (!better && !last) next_stage();
  }
  ++last_.iteration;
  record();
  return true;
}

bool StagedRun::improve(double goal) {
  const State before = state();
  // Error of the sums by that of the exponents, which are large numbers where reg is small.
  const double rounding = epsilon * (1.0 + before.range / before.reg) * before.mass;
  was_newton_ = newton_ && sweeps_left_ == 0;
  if (!was_newton_) {
    sweep();
    step_ = 1.0;
    if (sweeps_left_ > 1) --sweeps_left_;
    else if (!(state().error <= slow * before.error)) sweeps_left_ = 0;
    return progress(1.0, 100, rounding);
  }
  if (newton_step(goal)) {
    // A column whose sum underflowed is out of Newton's sight: a sweep finds it.
    if (state().error > 0.9 * before.error) sweeps_left_ = 1;
    return progress(0.5, 8, rounding);
  }
  // No step along the direction is better: rounding, or a plan too far from its sums.
  sweeps_left_ = 4 * least_sweeps;
  evaluate_at(before.reg);
  return before.error > rounding && ++failures_ < 10;
}

/// Whether the error has fallen below this share of the best one lately, or is above rounding.
bool StagedRun::progress(double share, int patience, double rounding) {
  const double error = state().error;
  stalled_ = error < share * best_ ? 0 : stalled_ + 1;
  best_ = std::min(best_, error);
  return stalled_ < patience || error > 100.0 * rounding;
}

void StagedRun::settle() {
  if (status_ == Status::converged) return;
  evaluate_at(stages_.last_reg());
  record();
}

Status StagedRun::run() {
  while (advance()) {
  }
  return status_;
}

}  // namespace optlite
