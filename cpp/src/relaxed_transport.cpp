#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "optlite/drivers/relaxed_transport.hpp"
#include "optlite/linalg/conjugate_gradients.hpp"
#include "optlite/linalg/laplacian.hpp"

namespace optlite {

using transport::RelaxedCurvature;
using transport::RelaxedPoint;

namespace {

constexpr double forcing = 0.1;
constexpr Index first_patience = 500;
constexpr Index most_products = 10000;
constexpr Index direct_limit = 3000;
constexpr double longest_move = 20.0;  // in units of reg

}  // namespace

RelaxedTransportRun::RelaxedTransportRun(transport::ConditionalPlan& plan,
                                         const transport::Marginals& marginals, double reg,
                                         double scale, bool newton, TransportOptions options)
    : StagedRun(reg, scale, newton, options), plan_(plan), marginals_(marginals) {
  at_.g = Vector::Zero(plan.targets());
  begin();
}

StagedRun::State RelaxedTransportRun::state() const {
  const double range = at_.g.maxCoeff() - at_.g.minCoeff();
  return {at_.reg,           at_.value, at_.error, at_.row_sums.sum(), range, plan_.n_evaluations(),
          plan_.n_products()};
}

void RelaxedTransportRun::evaluate_at(double reg) {
  if (reg != at_.reg) patience_ = first_patience;
  at_.reg = reg;
  at_.g = marginals_.project(at_.g);
  evaluate(at_);
}

void RelaxedTransportRun::evaluate(RelaxedPoint& at) {
  plan_.evaluate(at.g, at.reg);
  marginals_.fit_rows(plan_.soft_minima(), at);
  at.column_sums = plan_.column_sums(at.row_sums);
  marginals_.judge(at);
}

void RelaxedTransportRun::sweep() {
  const bool lost = at_.column_sums.minCoeff() <= 1e-290;
  const Vector logs = lost ? plan_.log_column_sums(at_.f, at_.reg)
                           : (at_.column_sums.array().log().matrix() - at_.g / at_.reg).eval();
  at_.g = marginals_.fit_columns(logs, at_);
  evaluate(at_);
}

bool RelaxedTransportRun::newton_step(double goal) {
  const Vector d = direction(goal);
  if (!d.allFinite()) return false;
  const RelaxedPoint from = at_;
  const double rounding = 1e-13 * (std::fabs(at_.value) + at_.reg * at_.row_sums.sum());
  const double first = std::min(1.0, longest_move * at_.reg / (d.maxCoeff() - d.minCoeff()));
  const auto try_step = [&](double step, RelaxedPoint& point) {
    point.g = marginals_.project(from.g + step * d);
    const double slope = from.gradient.dot(point.g - from.g);
    evaluate(point);
    return slope;
  };
  const bool found = transport::climb(at_, first, rounding, step_, try_step);
  if (cut_off_ && at_.error > 0.5 * from.error) patience_ = std::min(2 * patience_, most_products);
  return found;
}

Vector RelaxedTransportRun::apply(const RelaxedCurvature& curve, const Vector& y) {
  Vector out = curve.diagonal.cwiseProduct(y) - plan_.product(curve.weights, y);
  if (curve.group.size() > 0) out -= curve.group.dot(y) / curve.group_mass * curve.group;
  return out;
}

/// reg S^-1 gradient on the columns that are free; the others move to their bounds.
Vector RelaxedTransportRun::direction(double goal) {
  const RelaxedCurvature curve = marginals_.curvature(plan_, at_);
  const auto is_free = curve.held.array().isNaN();
  const Vector free = is_free.select(Vector::Ones(at_.g.size()), 0.0);
  const Vector held = is_free.select(Vector::Zero(at_.g.size()), curve.held);
  Vector right = at_.gradient;
  if ((held.array() != 0.0).any()) right -= apply(curve, held) / at_.reg;
  right.array() *= free.array();
  const double start = right.lpNorm<1>();
  if (start == 0.0) return held;
  // Near the goal the step has to reach it; far away the quadratic model is not worth more.
  const double enough =
      std::max(std::min(forcing, std::sqrt(start / at_.row_sums.sum())), 0.3 * goal / start);
  // Where they take long, elimination is cheaper, and good for any condition.
  const bool small = right.size() <= direct_limit;
  const Index eighth = std::max<Index>(50, right.size() / 8);
  const Index limit = small ? std::min(first_patience, eighth) : patience_;
  Vector y;
  const bool solved = conjugate_gradients(curve, free, right, enough * start, limit, y);
  cut_off_ = !small && !solved;
  if (small && !solved) {
    const Vector exact = eliminate(curve, free, right);
    if (exact.allFinite()) y = exact;
  }
  return at_.reg * y + held;
}

/// Whether the residual came down to `enough`.
bool RelaxedTransportRun::conjugate_gradients(const RelaxedCurvature& curve, const Vector& free,
                                              Vector residual, double enough, Index limit,
                                              Vector& y) {
  Vector diagonal = curve.diagonal - plan_.squares(curve.weights);
  if (curve.group.size() > 0) diagonal.array() -= curve.group.array().square() / curve.group_mass;
  diagonal = diagonal.cwiseMax(1e-12 * curve.diagonal).cwiseMax(1e-300);
  y.setZero(residual.size());
  const Descent end = optlite::conjugate_gradients(
      y, residual, limit,
      [&](const Vector& p, Vector& out) { out = apply(curve, p).cwiseProduct(free); },
      [&](const Vector& r) -> Vector { return r.cwiseQuotient(diagonal); },
      [](const Vector& p, const Vector& q) { return p.dot(q); },
      [&](const Vector&, const Vector& r) { return !(r.lpNorm<1>() > enough); });
  return end == Descent::enough;
}

/// The matrix is that of links between free columns, with links to a ground whose potential is
/// zero: the columns that are held, and what penalties add. Nothing is subtracted.
Vector RelaxedTransportRun::eliminate(const RelaxedCurvature& curve, const Vector& free,
                                      const Vector& right) {
  RowMatrix links = plan_.links(curve.weights);
  if (curve.group.size() > 0) links += curve.group * curve.group.transpose() / curve.group_mass;
  std::vector<Index> kept;
  for (Index j = 0; j < right.size(); ++j) {
    if (free[j] > 0.0) kept.push_back(j);
  }
  const auto count = static_cast<Index>(kept.size());
  RowMatrix graph = RowMatrix::Zero(count + 1, count + 1);
  Vector sources(count + 1);
  for (Index k = 0; k < count; ++k) {
    const Index j = kept[static_cast<std::size_t>(k)];
    for (Index l = k + 1; l < count; ++l) graph(k, l) = links(j, kept[static_cast<std::size_t>(l)]);
    double ground = curve.excess[j];
    for (Index i = 0; i < right.size(); ++i) {
      if (!(free[i] > 0.0)) ground += links(std::min(i, j), std::max(i, j));
    }
    graph(k, count) = ground;
    sources[k] = right[j];
  }
  sources[count] = -sources.head(count).sum();
  links.resize(0, 0);  // one such matrix at a time is enough
  const Vector solved = solve_laplacian(graph, sources);
  Vector y = Vector::Zero(right.size());
  for (Index k = 0; k < count; ++k) y[kept[static_cast<std::size_t>(k)]] = solved[k];
  return y;
}

}  // namespace optlite
