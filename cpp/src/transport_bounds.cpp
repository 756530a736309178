#include "optlite/transport/bounds.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "optlite/transport/cost_rows.hpp"
#include "optlite/transport/exponentials.hpp"

namespace optlite::transport {

double cost_of_row(Index count, const double* costs, const double* p) {
  double sum = 0.0;
#pragma omp simd reduction(+ : sum)
  for (Index j = 0; j < count; ++j) sum += p[j] > 0.0 ? p[j] * costs[j] : 0.0;
  return sum;
}

double entropy_of_row(Index count, const double* p) {
  double sum = 0.0;
#pragma omp simd reduction(+ : sum)
  for (Index j = 0; j < count; ++j) sum += p[j] * stable::log(p[j] > 1e-300 ? p[j] : 1e-300);
  return sum;
}

bool fitted_row(const double* costs, const Point& point, Index i, double mass, VectorMap p) {
  const double sum = plan_row(costs, p.size(), point, i, p.data());
  const bool usable = sum > 0.0 && sum < infinity;
  if (usable) p *= mass / sum;
  else p.setZero();
  return usable;
}

Transforms transforms(const Cost& cost, const Vector& g, double cap) {
  RowParts parts(cost);
  Transforms result{Vector(cost.sources()), Vector::Constant(cost.targets(), infinity)};
  parts.each(
      2.0, infinity,
      [&](Index, Index first, Index last, double* buffer, Vector& smallest) {
        CostRows rows(cost, last, buffer);
        for (Index i = first; i < last; ++i) {
          const ConstVectorMap costs(rows.row(i, buffer), cost.targets());
          result.f[i] = std::min(cap, (costs - g).minCoeff());
          smallest = smallest.cwiseMin((costs.array() - result.f[i]).matrix());
        }
      },
      [&](const Vector& smallest) { result.g = result.g.cwiseMin(smallest); });
  return result;
}

Bounds bounds(const Cost& cost, const Vector& a, const Vector& b, const Point& point) {
  const Index m = cost.targets();
  RowParts parts(cost);
  Bounds result;
  const Transforms allowed = transforms(cost, point.g, infinity);
  result.lower = a.dot(allowed.f) + b.dot(allowed.g);
  if (std::isnan(result.lower)) result.lower = -infinity;
  // Rows are fitted, as the potentials of the sources mean them to be, then columns shrunk where
  // they exceed their sums; what is missing is added as a product of what rows and columns lack.
  Vector sums;
  parts.sum(
      30.0,
      [&](Index, Index first, Index last, double* p, Vector& own) {
        CostRows rows(cost, last, p);
        for (Index i = first; i < last; ++i) {
          fitted_row(rows.row(i, p), point, i, a[i], VectorMap(p, m));
          own += ConstVectorMap(p, m);
        }
      },
      sums);
  const Vector column_scale = b.cwiseQuotient(sums.cwiseMax(1e-300)).cwiseMin(1.0);
  const Vector column_lack = (b - column_scale.cwiseProduct(sums)).cwiseMax(0.0);
  const double total = column_lack.sum();
  Vector costs_of_plan(cost.sources());
  Vector costs_of_rows(cost.sources());
  Vector entropies(cost.sources());
  parts.each(
      60.0, 0.0,
      [&](Index, Index first, Index last, double* p, Vector& buffer) {
        CostRows rows(cost, last, p);
        for (Index i = first; i < last; ++i) {
          const double* costs = rows.row(i, buffer.data());
          VectorMap row(p, m);
          const bool usable = fitted_row(costs, point, i, a[i], row);
          costs_of_plan[i] =
              usable ? cost_of_row(m, costs, p) : std::numeric_limits<double>::quiet_NaN();
          row.array() *= column_scale.array();
          const double lack = std::max(0.0, a[i] - row.sum());
          if (total > 0.0) row += lack / total * column_lack;
          costs_of_rows[i] = cost_of_row(m, costs, p);
          entropies[i] = entropy_of_row(m, p);
        }
      },
      [](const Vector&) {});
  result.cost = costs_of_plan.sum();
  result.upper = costs_of_rows.sum();
  result.regularized = result.upper + point.reg * entropies.sum();
  return result;
}

}  // namespace optlite::transport
