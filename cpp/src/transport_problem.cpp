#include "optlite/transport/problem.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>
#include <vector>

#include "optlite/core/interrupt.hpp"
#include "transport_passes.hpp"

namespace optlite::transport {

namespace {

/// Below this density, products with the kept entries alone are faster than with whole rows.
constexpr double sparse_density = 0.1;

template <class Number>
Index count_above(const Number* values, Index count, double threshold) {
  const Number bound = static_cast<Number>(threshold);
  Number above = 0;  // as a floating-point number: the loop becomes vector code
#pragma omp simd reduction(+ : above)
  for (Index j = 0; j < count; ++j) above += values[j] >= bound ? Number(1) : Number(0);
  return static_cast<Index>(above);
}

}  // namespace

Problem::Problem(const Cost& cost, Vector a, Vector b, double drop, double memory)
    : cost_(cost),
      a_(std::move(a)),
      b_(std::move(b)),
      unit_(a_.mean()),
      memory_(memory),
      parts_(cost) {
  const double n = static_cast<double>(sources());
  const double m = static_cast<double>(targets());
  threshold_ = drop * (a_ / m).cwiseMin(b_.minCoeff() / n);
}

void Problem::choose_form(Precision precision, bool keep) {
  // In double all entries that do not vanish are kept: how many, no other precision tells.
  if (precision == Precision::full && precision_ != Precision::full) density_ = 1.0;
  precision_ = precision;
  kept_ = keep;
  form_ = Form::none;
  if (!keep) return;
  const double entries = static_cast<double>(sources()) * static_cast<double>(targets());
  const double size = precision == Precision::full ? 1.0 : 0.5;
  if (density_ < sparse_density && 1.5 * density_ * entries <= memory_) form_ = Form::compressed;
  else if (size * entries <= memory_) form_ = Form::dense;
}

/// Row i of the plan, divided by its largest entry; its sum. The exponent of that is `shift`.
template <class Number>
double Problem::fill_row(const Point& point, Index i, CostRows& costs, double* buffer, Number* row,
                         double& shift) const {
  if constexpr (std::is_same_v<Number, double>) {
    shift = exponents(costs.row(i, row), point.g.data(), point.reg, targets(), row);
    return exponentials(shift, shift, targets(), row);
  } else {
    shift = exponents(costs.row(i, buffer), point.g.data(), point.reg, targets(), buffer);
    return exponentials(shift, targets(), buffer, row);
  }
}

void Problem::evaluate(Point& point, Precision precision, bool keep, double relaxation) {
  ++n_evaluations_;
  choose_form(precision, keep);
  work_ += evaluation_work(precision);
  point.f.conservativeResize(sources());
  point.u.resize(sources());
  point.v.setOnes(targets());
  point.row_sums.resize(sources());
  base_f_.resize(sources());
  base_g_ = point.g;
  base_reg_ = point.reg;
  base_sums_.resize(0);
  degrees_.resize(0);
  if (precision == Precision::single) evaluate_rows<float>(point, relaxation, single_);
  else if (precision == Precision::mixed) evaluate_rows<double>(point, relaxation, single_);
  else {
    single_ = {};  // what is in double once stays so: two plans would be more than `memory`
    evaluate_rows<double>(point, relaxation, full_);
  }
  finish(point, relaxation == 1.0);
  if (precision == Precision::mixed && relaxation == 1.0 && form_ != Form::none) {
    base_u_ = point.u;
    base_sums_ = point.column_sums;
  }
}

template <class Number, class Kept>
void Problem::evaluate_rows(Point& point, double relaxation, StoredPlan<Kept>& plan) {
  const Index m = targets();
  plan.begin(form_, sources(), m, parts_.count());
  const bool dense = form_ == Form::dense;
  const bool in_place = dense && std::is_same_v<Number, Kept>;
  const double unit = std::is_same_v<Number, float> ? unit_ : 1.0;
  Vector above = Vector::Zero(parts_.count());
  parts_.sum(
      exponential_work,
      [&](Index part, Index first, Index last, double* buffer, Vector& sums) {
        CostRows costs(cost_, last, buffer);
        std::vector<Number> scratch(in_place ? 0 : static_cast<std::size_t>(block * m));
        Number weights[block];
        if (form_ == Form::compressed) plan.begin_part(part, first);
        for (Index begin = first; begin < last; begin += block) {
          const Index count = std::min(block, last - begin);
          Number* rows = scratch.data();
          if constexpr (std::is_same_v<Number, Kept>) {
            if (dense) rows = plan.row(begin);
          }
          for (Index k = 0; k < count; ++k) {
            const Index i = begin + k;
            Number* row = rows + k * m;
            double shift = 0.0;
            const double sum = fill_row(point, i, costs, buffer, row, shift);
            const double exact = point.reg * (std::log(a_[i] / sum) - shift);
            const double rest = relaxation == 1.0 ? 0.0 : (1.0 - relaxation) * (point.f[i] - exact);
            const double factor = a_[i] / sum * (rest == 0.0 ? 1.0 : std::exp(rest / point.reg));
            point.f[i] = exact + rest;
            point.u[i] = factor;
            point.row_sums[i] = factor * sum;
            base_f_[i] = -point.reg * shift;
            weights[k] = static_cast<Number>(factor / unit);
            // In double all links count: the smallest may be all that holds parts together.
            const double threshold = std::is_same_v<Number, Kept> && std::is_same_v<Number, double>
                                         ? std::numeric_limits<double>::min()
                                         : threshold_[i] / factor;
            if (form_ == Form::compressed) {
              above[part] +=
                  static_cast<double>(plan.compress(part, row, static_cast<Number>(threshold)));
            } else {
              above[part] += static_cast<double>(count_above(row, m, threshold));
            }
            if constexpr (!std::is_same_v<Number, Kept>) {
              if (dense)
                std::transform(row, row + m, plan.row(i),
                               [](Number x) { return static_cast<Kept>(x); });
            }
          }
          detail::add_dense<false>(rows, count, m, weights, sums.data());
        }
      },
      point.column_sums);
  point.column_sums *= unit;
  density_ = above.sum() / (static_cast<double>(sources()) * static_cast<double>(m));
}

/// What follows from the sums. `fitted`: the rows sum to a.
void Problem::finish(Point& point, bool fitted) const {
  point.noise = 0.0;
  point.value = a_.dot(point.f) + b_.dot(point.g);
  point.error = (point.column_sums - b_).lpNorm<1>();
  if (fitted) return;
  point.value -= point.reg * (point.row_sums.sum() - a_.sum());
  point.error += (point.row_sums - a_).lpNorm<1>();
}

void Problem::move(Point& point, Precision precision, double relaxation) {
  const bool possible = kept_ && precision != Precision::mixed && precision == precision_ &&
                        point.reg == base_reg_ && form_ != Form::none &&
                        (precision == Precision::full ? rescale(full_, point, relaxation)
                                                      : rescale(single_, point, relaxation));
  if (!possible) evaluate(point, precision, true, relaxation);
}

/// False, with nothing but v changed, if the factors are too large for the plan in memory.
template <class Kept>
bool Problem::rescale(const StoredPlan<Kept>& plan, Point& point, double relaxation) {
  constexpr bool single = std::is_same_v<Kept, float>;
  // Entries that were left out, or vanished in single precision, must not begin to matter. In
  // double only those are left out that have vanished: a compressed plan is as good as a dense one.
  const double largest = !single ? 50.0 : form_ == Form::compressed ? 2.0 : 25.0;
  const Vector moved = (point.g - base_g_) / point.reg;
  if (!(moved.lpNorm<Eigen::Infinity>() < largest)) return false;
  point.v = moved.array().exp();
  degrees_.resize(0);
  const double unit = single ? unit_ : 1.0;
  const double smallest = single ? 1e-30 : 1e-290;
  Vector u(sources());
  Vector row_sums(sources());
  Vector column_sums;
  multiply<Kept>(plan, point, point.v, column_sums, [&](double product, Index i) {
    const double exact = a_[i] / product;
    u[i] = relaxation == 1.0 ? exact : exact * std::pow(point.u[i] / exact, 1.0 - relaxation);
    row_sums[i] = product > smallest ? u[i] * product : infinity;
    return u[i] / unit;
  });
  work_ += pass_work(false);
  if (!row_sums.allFinite() || !u.allFinite()) return false;
  point.u = u;
  point.row_sums = row_sums;
  point.column_sums = unit * point.v.cwiseProduct(column_sums);
  point.f = base_f_ + point.reg * u.array().log().matrix();
  finish(point, relaxation == 1.0);
  return true;
}

bool Problem::nudge(Point& point, double noise) {
  if (base_sums_.size() == 0 || point.reg != base_reg_) return false;
  const Vector moved = (point.g - base_g_) / point.reg;
  constexpr double rounding = std::numeric_limits<float>::epsilon();
  const double bound = rounding * std::expm1(2.0 * moved.lpNorm<Eigen::Infinity>()) * b_.sum();
  if (!(bound <= noise)) return false;
  point.v = moved.array().exp();
  point.u.resize(sources());
  point.row_sums = a_;
  degrees_.resize(0);
  const Vector change = moved.array().expm1();
  Vector column_changes;
  multiply<float>(single_, point, change, column_changes, [&](double product, Index i) {
    const double grown = base_u_[i] * product / a_[i];  // the row by this share of its sum
    point.u[i] = base_u_[i] / (1.0 + grown);
    return -point.u[i] * grown / unit_;
  });
  work_ += pass_work(false);
  point.column_sums = point.v.cwiseProduct(base_sums_ + unit_ * column_changes);
  point.f = base_f_ + point.reg * point.u.array().log().matrix();
  finish(point, true);
  point.error += bound;  // what single precision hides of the sums of columns, and of rows
  point.noise = bound;
  return true;
}

Vector Problem::column_step(const Point& point) const {
  Vector g(targets());
  std::vector<Index> lost;
  const double lost_sum = precision_ == Precision::single ? 1e-30 * unit_ : 1e-290;
  for (Index j = 0; j < targets(); ++j) {
    if (point.column_sums[j] > lost_sum) {
      g[j] = point.g[j] + point.reg * std::log(b_[j] / point.column_sums[j]);
    } else {
      lost.push_back(j);
    }
  }
  if (lost.empty()) return g;
  // log sum_i exp((f_i - C_ij) / reg) of these columns, one row at a time.
  Vector largest = Vector::Constant(static_cast<Index>(lost.size()), -infinity);
  Vector sum = Vector::Zero(largest.size());
  Vector buffer(targets());
  for (Index i = 0; i < sources(); ++i) {
    const double* cost = cost_.row(i, buffer.data());
    for (std::size_t k = 0; k < lost.size(); ++k) {
      const auto at = static_cast<Index>(k);
      const double z = (point.f[i] - cost[lost[k]]) / point.reg;
      if (z > largest[at]) {
        sum[at] = sum[at] * std::exp(largest[at] - z) + 1.0;
        largest[at] = z;
      } else {
        sum[at] += std::exp(z - largest[at]);
      }
    }
    if (i % 64 == 0) interrupt::poll();
  }
  for (std::size_t k = 0; k < lost.size(); ++k) {
    const auto at = static_cast<Index>(k);
    g[lost[k]] = point.reg * (std::log(b_[lost[k]] / sum[at]) - largest[at]);
  }
  return g;
}

double plan_row(const double* costs, Index targets, const Point& point, Index i, double* row) {
  const double largest = exponents(costs, point.g.data(), point.reg, targets, row);
  return exponentials(-point.f[i] / point.reg, largest, targets, row);
}

template <class Scalar>
void write_plan(const Cost& cost, const Point& point, Scalar* plan, const Vector* row_sums) {
  RowParts parts(cost);
  parts.each(
      30.0, 0.0,
      [&](Index, Index first, Index last, double* buffer, Vector&) {
        CostRows costs(cost, last, buffer);
        for (Index i = first; i < last; ++i) {
          Scalar* out = plan + i * cost.targets();
          double* row = buffer;
          if constexpr (std::is_same_v<Scalar, double>) row = out;
          const double sum = plan_row(costs.row(i, buffer), cost.targets(), point, i, row);
          const bool fits = row_sums != nullptr && sum > 0.0;
          const double factor = fits ? (*row_sums)[i] / sum : 1.0;
          for (Index j = 0; j < cost.targets(); ++j) out[j] = static_cast<Scalar>(factor * row[j]);
        }
      },
      [](const Vector&) {});
}
template void write_plan(const Cost&, const Point&, double*, const Vector*);
template void write_plan(const Cost&, const Point&, float*, const Vector*);

}  // namespace optlite::transport
