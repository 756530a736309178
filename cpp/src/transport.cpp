#include "optlite/drivers/transport.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "optlite/core/clock.hpp"
#include "optlite/core/interrupt.hpp"
#include "optlite/registered/transport_methods.hpp"

namespace optlite {

const std::vector<TransportMethodRow>& transport_method_table() {
  static const auto table = tabulate<TransportMethodRow>(
      registered::transport_methods,
      [](const auto& entry) { return make_transport_method_row(entry); });
  return table;
}

TransportRun::TransportRun(transport::Problem& problem, TransportMethod& method, double reg,
                           double scale, const Vector& g, TransportOptions options)
    : problem_(problem),
      method_(method),
      options_(options),
      reg_(reg),
      first_reg_(0.1 * std::min(scale, std::numeric_limits<double>::max())),
      started_(clock_seconds()) {
  // A hundredth of the scale is easy enough to begin with.
  if (options.annealing > 1.0 && 10.0 * reg < first_reg_) {
    const double ratio = std::log(first_reg_) - std::log(reg);  // the quotient might overflow
    last_stage_ = static_cast<Index>(std::ceil(ratio / std::log(options.annealing) - 1e-12));
  }
  trying_ = last_stage_ > 0 && method.tries_without_stages();
  if (trying_) start_ = g;
  at_.reg = trying_ ? reg : stage_reg(0);
  at_.g = g;
  largest_exponent_ = scale / reg;
  method_.expect(largest_exponent_);
  method_.start(problem_, at_);
  confirm();
  record();
  if (!std::isfinite(at_.error) || !std::isfinite(at_.value)) status_ = Status::not_finite;
}

/// From a tenth of the scale of the costs down to `reg`, by equal ratios of at most `annealing`.
double TransportRun::stage_reg(Index stage) const {
  if (stage == last_stage_) return reg_;
  const double share = static_cast<double>(stage) / static_cast<double>(last_stage_);
  return std::exp((1.0 - share) * std::log(first_reg_) + share * std::log(reg_));
}

/// What is said to be the solution has been evaluated in double at the potentials as they are,
/// which are rounded; or its error is an upper bound that follows from such an evaluation nearby.
void TransportRun::confirm() {
  if (!is_last() || !(at_.error <= options_.tolerance)) return;
  const bool other = method_.confirm(problem_, at_) && !(at_.error <= options_.tolerance);
  if (other && ++refuted_ > 10) status_ = Status::precision_limit;
}

void TransportRun::record() {
  last_.reg = at_.reg;
  last_.value = at_.value - at_.reg * at_.noise;
  last_.error = at_.error;
  last_.step_size = method_.step();
  last_.n_evaluations = problem_.n_evaluations();
  last_.n_products = problem_.n_products();
  last_.work = problem_.work();
  last_.seconds = clock_seconds() - started_;
}

/// Whether iterations from here lead to the goal for less than stages cost at least: an evaluation
/// each, which is worth four passes over a plan in memory, and three sweeps, of a pass each, as are
/// the products of Newton's steps. They do if they go on like the last two; and Newton's, which
/// grow faster than that, if what a sweep leaves of the error says so (as in the method's own
/// choice). Then they may do half as much again as the stages would, and go on where they arrive.
bool TransportRun::promises(double goal) {
  if (last_.iteration < 2) return true;
  const auto passes = [](const TransportRecord& r) {
    return static_cast<double>(r.iteration + r.n_products);
  };
  const double stages = 7.0 * static_cast<double>(last_stage_);
  const bool arrives = last_.n_newton > before_[1].n_newton && at_.error < 0.1 * before_[1].error;
  if (last_.work <= granted_ || arrives) return true;
  const double left = stages - passes(last_);
  const double spent = passes(last_) - passes(before_[0]);
  const double digits = std::log(at_.error / goal);
  if (spent * digits <= left * std::log(before_[0].error / at_.error)) return true;
  const double lost = 1.0 - at_.error / before_[1].error;
  constexpr double newton_moves = 6.0;  // of about three steps, each with a product more
  const bool grants =
      last_.n_newton == 0 && lost > 0.0 && 0.5 * digits / std::sqrt(lost) + newton_moves <= left;
  if (grants) granted_ = last_.work + 1.5 * stages;
  return grants;
}

void TransportRun::begin_stages() {
  trying_ = false;
  at_.reg = stage_reg(0);
  at_.g = start_;
  problem_.forget_density();
  method_.expect(largest_exponent_);
  method_.start(problem_, at_);
}

/// The potentials are nearly linear in the regularization: two stages give a start for the next.
void TransportRun::next_stage() {
  solved_.push_back({at_.reg, at_.g});
  at_.reg = stage_reg(++stage_);
  if (solved_.size() > 2) solved_.erase(solved_.begin());
  if (solved_.size() > 1) {
    const Stage& one = solved_.front();
    const Stage& two = solved_.back();
    at_.g = two.g + (at_.reg - two.reg) / (two.reg - one.reg) * (two.g - one.g);
  }
  method_.start(problem_, at_);
}

bool TransportRun::advance() {
  if (status_ != Status::running) return false;
  interrupt::poll();
  const bool last = is_last();
  const double goal =
      last ? options_.tolerance
           : std::max(options_.tolerance, options_.stage_tolerance * problem_.b().sum());
  if (at_.error <= goal && last) {
    status_ = Status::converged;
    return false;
  }
  if (last_.iteration >= options_.max_iterations) {
    status_ = Status::iteration_limit;
    return false;
  }
  if (at_.error <= goal) {
    next_stage();
  } else if (trying_ && !promises(goal)) {
    begin_stages();
  } else {
    before_[0] = std::exchange(before_[1], last_);
    const bool better = method_.advance(problem_, at_, goal);
    last_.n_newton += method_.was_newton() ? 1 : 0;
    if (trying_ && !(better && std::isfinite(at_.error)) && !(at_.error <= goal)) begin_stages();
    else if (!std::isfinite(at_.error)) status_ = Status::not_finite;
    else if (!better && at_.error > goal && last) status_ = Status::precision_limit;
    else if (!better && !last) next_stage();
  }
  confirm();
  ++last_.iteration;
  record();
  return true;
}

void TransportRun::settle() {
  if (status_ == Status::converged) return;
  at_.reg = reg_;
  problem_.evaluate(at_, transport::Precision::full, false);
  record();
}

Status TransportRun::run() {
  while (advance()) {
  }
  return status_;
}

}  // namespace optlite
