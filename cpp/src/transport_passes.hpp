// Passes over the rows of a plan: what transport_problem.cpp and transport_schur.cpp share.
#pragma once

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

#include "optlite/transport/cost_rows.hpp"
#include "optlite/transport/exponentials.hpp"
#include "optlite/transport/problem.hpp"

namespace optlite::transport {

/// Multiplications that cost as much as one exponential.
inline constexpr double exponential_work = 30.0;

inline constexpr Index block = StoredPlan<double>::block;

/// Rows of the plan as shares of the masses of their sources, for a plan that is not in memory.
template <class Number>
void Problem::fill_shares(const Point& point, Index first, Index count, CostRows& costs,
                          double* buffer, Number* rows) const {
  for (Index k = 0; k < count; ++k) {
    const Index i = first + k;
    const double shift = std::log(a_[i]) - point.f[i] / point.reg;
    Number* row = rows + k * targets();
    if constexpr (std::is_same_v<Number, double>) {
      const double largest =
          exponents(costs.row(i, row), point.g.data(), point.reg, targets(), row);
      exponentials(shift, largest, targets(), row);
    } else {
      exponents(costs.row(i, buffer), point.g.data(), point.reg, targets(), buffer);
      exponentials(shift, targets(), buffer, row);
    }
  }
}

/// out <- sum_i w_i K_i, w_i = weight(K_i . y, i), over the rows of the plan in memory.
template <class Number, class Kept, class Weight>
void Problem::multiply(const StoredPlan<Kept>& plan, const Point& point, const Vector& y,
                       Vector& out, Weight&& weight) {
  const Eigen::Matrix<Number, Eigen::Dynamic, 1> own_y = y.cast<Number>();
  const double work = form_ == Form::none         ? exponential_work
                      : form_ == Form::compressed ? 2.0 * density_
                                                  : 2.0;
  parts_.sum(
      work,
      [&](Index part, Index first, Index last, double* buffer, Vector& sums) {
        if (form_ != Form::none) {
          return plan.multiply(part, first, last, own_y.data(), sums.data(), weight);
        }
        CostRows costs(cost_, last, buffer);
        std::vector<Kept> rows(static_cast<std::size_t>(block * targets()));
        for (Index i = first; i < last; i += block) {
          const Index count = std::min(block, last - i);
          fill_shares(point, i, count, costs, buffer, rows.data());
          StoredPlan<Kept>::multiply_rows(rows.data(), i, count, targets(), own_y.data(),
                                          sums.data(), weight);
        }
      },
      out);
}

}  // namespace optlite::transport
