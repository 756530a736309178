#include "optlite/drivers/transport.hpp"

#include <chrono>
#include <cmath>

#include "optlite/core/interrupt.hpp"
#include "optlite/registered/transport_methods.hpp"

namespace optlite {

const std::vector<TransportMethodRow>& transport_method_table() {
  static const auto table = tabulate<TransportMethodRow>(
      registered::transport_methods,
      [](const auto& entry) { return make_transport_method_row(entry); });
  return table;
}

namespace {

double clock_seconds() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

/// From a tenth of the scale of the costs down to `reg`, by equal ratios of at most `annealing`. A
/// hundredth is easy enough to begin with.
std::vector<double> make_stages(double reg, double scale, double annealing) {
  const double first = 0.1 * scale;
  if (!(annealing > 1.0) || !(reg < 0.01 * scale)) return {reg};
  const double steps = std::ceil(std::log(first / reg) / std::log(annealing) - 1e-12);
  std::vector<double> stages;
  for (double k = steps; k > 0.0; k -= 1.0) {
    stages.push_back(reg * std::pow(first / reg, k / steps));
  }
  stages.push_back(reg);
  return stages;
}

}  // namespace

TransportRun::TransportRun(transport::Problem& problem, TransportMethod& method, double reg,
                           double scale, const Vector& g, TransportOptions options)
    : problem_(problem),
      method_(method),
      options_(options),
      stages_(make_stages(reg, scale, options.annealing)),
      started_(clock_seconds()) {
  at_.reg = stages_.front();
  at_.g = g;
  method_.start(problem_, at_);
  record();
  if (!std::isfinite(at_.error) || !std::isfinite(at_.value)) status_ = Status::not_finite;
}

void TransportRun::record() {
  last_.reg = at_.reg;
  last_.value = at_.value;
  last_.error = at_.error;
  last_.step_size = method_.step();
  last_.n_evaluations = problem_.n_evaluations();
  last_.n_products = problem_.n_products();
  last_.seconds = clock_seconds() - started_;
}

/// The potentials are nearly linear in the regularization: two stages give a start for the next.
void TransportRun::next_stage() {
  solved_.push_back({at_.reg, at_.g});
  at_.reg = stages_[++stage_];
  if (solved_.size() > 1) {
    const Stage& one = solved_[solved_.size() - 2];
    const Stage& two = solved_.back();
    at_.g = two.g + (at_.reg - two.reg) / (two.reg - one.reg) * (two.g - one.g);
  }
  method_.start(problem_, at_);
}

bool TransportRun::advance() {
  if (status_ != Status::running) return false;
  interrupt::poll();
  const bool last = stage_ + 1 == stages_.size();
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
  } else {
    const bool better = method_.advance(problem_, at_, goal);
    last_.n_newton += method_.was_newton() ? 1 : 0;
    if (!std::isfinite(at_.error)) status_ = Status::not_finite;
    else if (!better && at_.error > goal && last) status_ = Status::precision_limit;
    else if (!better && !last) next_stage();
  }
  ++last_.iteration;
  record();
  return true;
}

Status TransportRun::run() {
  while (advance()) {
  }
  return status_;
}

}  // namespace optlite
