#include "optlite/drivers/descent.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "optlite/core/clock.hpp"
#include "optlite/core/interrupt.hpp"
#include "optlite/registered/directions.hpp"
#include "optlite/registered/step_sizes.hpp"

namespace optlite {

const std::vector<DirectionRow>& direction_table() {
  static const auto table = tabulate<DirectionRow>(
      registered::directions, [](const auto& entry) { return make_direction_row(entry); });
  return table;
}

const std::vector<StepSizeRow>& step_size_table() {
  static const auto table = tabulate<StepSizeRow>(
      registered::step_sizes, [](const auto& entry) { return make_step_size_row(entry); });
  return table;
}

namespace {

Point evaluated(Objective& objective, const Vector& x) {
  Point p;
  p.x = x;
  objective.evaluate(p);
  return p;
}

}  // namespace

Descent::Descent(Objective& objective, Direction& direction, StepSize& step_size, const Vector& x0,
                 DescentOptions options)
    : Descent(objective, direction, step_size, evaluated(objective, x0), options) {}

Descent::Descent(Objective& objective, Direction& direction, StepSize& step_size, Point start,
                 DescentOptions options)
    : objective_(objective),
      direction_(direction),
      step_size_(step_size),
      options_(options),
      current_(std::move(start)),
      started_(clock_seconds()) {
  if (!std::isfinite(current_.value) || !current_.gradient.allFinite()) {
    status_ = Status::not_finite;
  }
  certify_exactly();
  record(0.0, 0.0);
  if (status_ == Status::running) stop_at_zero_gradient();
}

/// Elsewhere a zero gradient may be a saddle point.
bool Descent::stop_at_zero_gradient() {
  if (!objective_.is_convex() || !current_.gradient.isZero(0.0)) return false;
  last_.certificate = 0.0;
  status_ = Status::converged;
  return true;
}

void Descent::certify_exactly() {
  far_ = false;
  last_.certificate = objective_.certificate(current_);
  const double enough = options_.tolerance * objective_.scale(current_);
  if (!(last_.certificate <= enough)) {
    last_.certificate = objective_.closer_certificate(current_, last_.certificate, enough);
  }
}

/// A certificate can cost a read of the data. Quasi-Newton steps need not know how far the end is.
void Descent::certify() {
  if (!unwatched_ || !direction_.estimates()) return certify_exactly();
  const double enough = options_.tolerance * objective_.scale(current_);
  last_.certificate = objective_.certificate_below(current_, enough);
  far_ = !std::isfinite(last_.certificate);
}

double Descent::seconds() const { return clock_seconds() - started_; }

void Descent::record(double step_size, double regularization) {
  last_.objective = current_.value;
  last_.gradient_norm = current_.gradient.norm();
  last_.step_size = step_size;
  last_.regularization = regularization;
  last_.n_passes = objective_.passes();
  last_.n_inner = direction_.inner_iterations();
  last_.seconds = seconds();
  if (options_.record) trace_.push_back(last_);
}

/// Sets p_, or ends the run because the certificate is good enough.
bool Descent::stop_or_choose_direction() {
  const double target = options_.tolerance * objective_.scale(current_);
  if (current_.value < options_.diverging_below) {
    status_ = Status::diverging;
    return true;
  }
  if (last_.certificate <= target) {
    status_ = Status::converged;
    return true;
  }
  const bool is_stationary = objective_.stationarity(current_) <= options_.tolerance;
  if (is_stationary && !escape()) {
    status_ = Status::stationary;
    return true;
  }
  if (last_.iteration >= options_.max_iterations) {
    status_ = Status::iteration_limit;
    return true;
  }
  leaving_ = is_stationary;
  if (!is_stationary) choose_direction(target);
  return ends_here(target);
}

/// Looks for negative curvature at a stationary point.
bool Descent::escape() {
  const bool found = direction_.escape(objective_, current_, p_);
  note_curvature();
  return found;
}

void Descent::choose_direction(double target) {
  direction_.set_goal(std::isfinite(last_.certificate) ? target / last_.certificate : 0.0);
  step_size_.prepare(direction_, current_);
  direction_.compute(objective_, current_, p_);
  note_curvature();
  if (!p_.allFinite()) {
    p_ = -current_.gradient;
    direction_.forget_margins();
  }
}

void Descent::note_curvature() {
  last_.curvature = direction_.curvature().value;
  last_.curvature_bound = direction_.curvature().bound;
  if (trace_.empty()) return;
  trace_.back().curvature = last_.curvature;
  trace_.back().curvature_bound = last_.curvature_bound;
}

/// What a step along p_ may decrease the value by, at most.
double Descent::promise() const {
  return direction_.has_region() ? direction_.predicted() : -current_.gradient.dot(p_);
}

/// Whether the chosen direction shows that the run is over.
bool Descent::ends_here(double target) {
  if (!objective_.is_convex()) {
    // The decrement says nothing of the minimum.
  } else if (direction_.certifies()) {
    const double decrement = -current_.gradient.dot(p_) + direction_.shortfall();
    last_.certificate = std::min(last_.certificate, decrement);
    if (!trace_.empty()) trace_.back().certificate = last_.certificate;
    if (last_.certificate <= target) {
      status_ = Status::converged;
      return true;
    }
  } else if (!std::isfinite(last_.certificate) && direction_.estimates() &&
             -current_.gradient.dot(p_) <= 0.1 * target) {
    if (far_) certify_exactly();
    if (!std::isfinite(last_.certificate)) {
      status_ = Status::estimated;
      return true;
    }
  }
  // By convexity no step up to the full one lowers the value by more than -g . p.
  if (promise() <= 1e-3 * current_.precision * std::fabs(current_.value)) {
    status_ = Status::precision_limit;
    return true;
  }
  return false;
}

bool Descent::choose() {
  if (status_ != Status::running) return false;
  interrupt::poll();
  return !stop_or_choose_direction();
}

bool Descent::advance() {
  const double decrement = 0.5 * promise();
  if (!step_size_.advance(objective_, direction_, current_, p_, trial_)) {
    // Where the predicted decrease is below the rounding error of the value, this is the end.
    const bool exhausted = decrement <= 1e3 * current_.precision * std::fabs(current_.value);
    status_ = exhausted ? Status::precision_limit : Status::line_search_failed;
    // The values do not confirm the negative curvature: what is known is the gradient.
    if (leaving_) status_ = Status::stationary;
    return false;
  }
  direction_.moved(current_, trial_);
  const bool idle =
      trial_.value >= current_.value && trial_.gradient.norm() > 0.5 * current_.gradient.norm();
  idle_steps_ = idle ? idle_steps_ + 1 : 0;
  std::swap(current_, trial_);
  ++last_.iteration;
  certify();
  last_.curvature = last_.curvature_bound = std::numeric_limits<double>::quiet_NaN();
  record(step_size_.step(), step_size_.regularization());
  if (!stop_at_zero_gradient() && idle_steps_ >= 2) {
    // Twice neither a lower value nor a clearly smaller gradient: only rounding is left.
    status_ = Status::precision_limit;
  }
  return true;
}

Status Descent::run() {
  unwatched_ = !options_.record;
  while (step()) {
  }
  if (far_) certify_exactly();
  return status_;
}

}  // namespace optlite
