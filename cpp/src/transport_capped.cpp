#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "optlite/transport/bounds.hpp"
#include "optlite/transport/cost_rows.hpp"
#include "optlite/transport/exponentials.hpp"
#include "optlite/transport/relaxed.hpp"

namespace optlite::transport {

double capped_level(const Vector& soft_minima, const Vector& log_caps, double mass, double reg) {
  const Vector breaks = soft_minima + reg * log_caps;
  std::vector<Index> order(static_cast<std::size_t>(breaks.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(), [&](Index i, Index j) {
    return breaks[i] < breaks[j] || (breaks[i] == breaks[j] && i < j);
  });
  // log sum exp(-T_i / reg) over those that come after a place in this order, that one included.
  Vector rest(breaks.size());
  double log_sum = -infinity;
  for (auto k = order.size(); k-- > 0;) {
    const double z = -soft_minima[order[k]] / reg;
    const double larger = std::max(z, log_sum);
    log_sum = larger + std::log1p(std::exp(std::min(z, log_sum) - larger));
    rest[static_cast<Index>(k)] = log_sum;
  }
  double left = mass;  // what those that are not at their caps send
  for (std::size_t k = 0; k < order.size(); ++k) {
    const double next = breaks[order[k]];
    const double level = reg * (std::log(std::max(left, 1e-300)) - rest[static_cast<Index>(k)]);
    if (level <= next) return left > 0.0 || k == 0 ? level : breaks[order[k - 1]];
    left -= std::exp(log_caps[order[k]]);
  }
  return breaks[order.back()];
}

CappedMarginals::CappedMarginals(Vector a, Vector b, double mass)
    : a_(std::move(a)),
      b_(std::move(b)),
      log_a_(a_.array().log()),
      log_b_(b_.array().log()),
      mass_(mass) {}

void CappedMarginals::fit_rows(const Vector& soft_minima, RelaxedPoint& at) const {
  at.multiplier = capped_level(soft_minima, log_a_, mass_, at.reg);
  at.f.resize(a_.size());
  at.row_sums.resize(a_.size());
  for (Index i = 0; i < a_.size(); ++i) {
    const double free = (at.multiplier - soft_minima[i]) / at.reg;
    const bool capped = free >= log_a_[i];
    at.row_sums[i] = capped ? a_[i] : std::exp(free);
    at.f[i] = capped ? at.reg * log_a_[i] + soft_minima[i] : at.multiplier;
  }
}

Vector CappedMarginals::fit_columns(const Vector& logs, const RelaxedPoint& at) const {
  const Vector soft_minima = -at.reg * logs;
  const double level = capped_level(soft_minima, log_b_, mass_, at.reg);
  return (soft_minima.array() + at.reg * log_b_.array() - level).min(0.0);
}

/// A column below its cap is in order where its potential is zero. Its room counts by how far the
/// potential is from that: reg times the sum of these is about what the dual value lacks.
void CappedMarginals::judge(RelaxedPoint& at) const {
  at.gradient = b_ - at.column_sums;
  at.value = a_.dot((at.f.array() - at.multiplier).min(0.0).matrix()) + b_.dot(at.g) +
             mass_ * at.multiplier;
  at.error = 0.0;
  for (Index j = 0; j < b_.size(); ++j) {
    const double share = at.gradient[j] < 0.0 ? -1.0 : -std::expm1(at.g[j] / at.reg);
    at.error += share * at.gradient[j];
  }
}

/// All rows below their caps share one multiplier: they count as one row of their joint mass.
RelaxedCurvature CappedMarginals::curvature(ConditionalPlan& plan, const RelaxedPoint& at) const {
  RelaxedCurvature result;
  const auto capped = (at.row_sums.array() >= a_.array());
  result.weights = capped.select(at.row_sums, 0.0);
  const Vector free = capped.select(0.0, at.row_sums);
  if (free.sum() > 0.0) {
    result.group = plan.column_sums(free);
    result.group_mass = free.sum();
  }
  result.diagonal = at.column_sums;
  result.excess = Vector::Zero(at.g.size());
  result.held = Vector::Constant(at.g.size(), std::nan(""));
  for (Index j = 0; j < b_.size(); ++j) {
    const bool below = at.gradient[j] > 0.0;
    if (below && at.g[j] + at.reg * (log_b_[j] - std::log(at.column_sums[j])) >= 0.0) {
      result.held[j] = -at.g[j];
    }
  }
  return result;
}

namespace {

/// f_i = min(0, min_j C_ij - g_j - t) and then the same for g: allowed in the dual program without
/// regularization for any t.
double dual_bound(const Cost& cost, const CappedMarginals& marginals, const RelaxedPoint& at) {
  const double t = at.multiplier;
  const Transforms best = transforms(cost, (at.g.array() + t).matrix(), 0.0);
  const double value = marginals.a().dot(best.f) +
                       marginals.b().dot((best.g.array() - t).min(0.0).matrix()) +
                       marginals.mass() * t;
  return std::isnan(value) ? -infinity : value;
}

}  // namespace

RelaxedBounds relaxed_bounds(const Cost& cost, const CappedMarginals& marginals,
                             const RelaxedPoint& at) {
  const Index m = cost.targets();
  Point point;
  point.reg = at.reg;
  point.g = at.g;
  point.f = at.f;
  const Vector scale = marginals.b().cwiseQuotient(at.column_sums.cwiseMax(1e-300)).cwiseMin(1.0);
  const Vector column_room = (marginals.b() - scale.cwiseProduct(at.column_sums)).cwiseMax(0.0);
  const double kept = scale.dot(at.column_sums);
  const double row_room = marginals.a().sum() - kept;
  const double missing = std::max(0.0, marginals.mass() - kept);
  const bool adds = missing > 0.0 && row_room > 0.0 && column_room.sum() > 0.0;
  const double share = adds ? missing / row_room / column_room.sum() : 0.0;
  Vector costs(cost.sources()), entropies(cost.sources()), costs_of_plan(cost.sources());
  Vector sums(cost.sources());
  RowParts parts(cost);
  parts.each(
      60.0, 0.0,
      [&](Index, Index first, Index last, double* p, Vector& buffer) {
        CostRows rows(cost, last, p);
        for (Index i = first; i < last; ++i) {
          const double* own = rows.row(i, buffer.data());
          VectorMap row(p, m);
          fitted_row(own, point, i, at.row_sums[i], row);
          costs_of_plan[i] = cost_of_row(m, own, p);
          row.array() *= scale.array();
          row += share * std::max(0.0, marginals.a()[i] - row.sum()) * column_room;
          sums[i] = row.sum();
          costs[i] = cost_of_row(m, own, p);
          entropies[i] = entropy_of_row(m, p);
        }
      },
      [](const Vector&) {});
  RelaxedBounds result;
  result.upper = costs.sum();
  result.cost = costs_of_plan.sum();
  result.regularized = result.upper + at.reg * entropies.sum();
  // Potentials may be so far off that no plan could be made from them.
  const bool moves = std::fabs(sums.sum() - marginals.mass()) <= 1e-9 * marginals.mass();
  if (!moves) result.upper = result.regularized = infinity;
  result.lower = dual_bound(cost, marginals, at);
  return result;
}

}  // namespace optlite::transport
