#include "optlite/transport/conditional.hpp"

#include <algorithm>
#include <cmath>

#include "optlite/core/interrupt.hpp"
#include "optlite/linalg/kernels.hpp"
#include "optlite/transport/exponentials.hpp"

namespace optlite::transport {

namespace {

/// Multiplications that cost as much as one exponential.
constexpr double exponential_work = 30.0;

double entries_of(const Cost& cost) {
  return static_cast<double>(cost.sources()) * static_cast<double>(cost.targets());
}

}  // namespace

ConditionalPlan::ConditionalPlan(const Cost& cost, double memory)
    : cost_(cost), keeps_(entries_of(cost) <= memory), parts_(cost) {}

void ConditionalPlan::evaluate(const Vector& g, double reg) {
  ++n_evaluations_;
  g_ = g;
  reg_ = reg;
  soft_minima_.resize(sources());
  if (keeps_) shares_.resize(sources(), targets());
  parts_.each(
      exponential_work, 0.0,
      [&](Index, Index first, Index last, double* buffer, Vector&) {
        CostRows costs(cost_, last, buffer);
        for (Index i = first; i < last; ++i) {
          double* row = keeps_ ? shares_.row(i).data() : buffer;
          const double largest = exponents(costs.row(i, buffer), g_.data(), reg_, targets(), row);
          const double sum = exponentials(largest, largest, targets(), row);
          soft_minima_[i] = -reg_ * (largest + std::log(sum));
          if (keeps_) shares_.row(i) /= sum;
        }
      },
      [](const Vector&) {});
}

/// One row of shares that were not kept, or where it lies.
const double* ConditionalPlan::shares(Index i, CostRows& costs, double* buffer) const {
  if (keeps_) return shares_.row(i).data();
  const double largest = exponents(costs.row(i, buffer), g_.data(), reg_, targets(), buffer);
  exponentials(-soft_minima_[i] / reg_, largest, targets(), buffer);
  return buffer;
}

/// sums += sum_i factor(i, s_i) s_i over some rows.
template <class Factor>
void ConditionalPlan::weighted(Index first, Index last, double* buffer, double* sums,
                               Factor&& factor) const {
  CostRows costs(cost_, last, buffer);
  for (Index i = first; i < last; ++i) {
    const double* s = shares(i, costs, buffer);
    const double scale = factor(i, s);
#pragma omp simd
    for (Index j = 0; j < targets(); ++j) sums[j] += scale * s[j];
  }
}

Vector ConditionalPlan::column_sums(const Vector& p) {
  Vector sums;
  parts_.sum(
      keeps_ ? 1.0 : exponential_work,
      [&](Index, Index first, Index last, double* buffer, Vector& own) {
        if (keeps_) {
          kernels::add_rows(shares_.row(first).data(), targets(), last - first, targets(),
                            p.data() + first, own.data());
        } else {
          weighted(first, last, buffer, own.data(), [&](Index i, const double*) { return p[i]; });
        }
      },
      sums);
  return sums;
}

Vector ConditionalPlan::product(const Vector& w, const Vector& y) {
  ++n_products_;
  Vector sums;
  parts_.sum(
      keeps_ ? 2.0 : exponential_work,
      [&](Index, Index first, Index last, double* buffer, Vector& own) {
        if (!keeps_) {
          return weighted(first, last, buffer, own.data(), [&](Index i, const double* s) {
            return w[i] * ConstVectorMap(s, targets()).dot(y);
          });
        }
        double products[8];
        for (Index i = first; i < last; i += 8) {  // eight rows while they are in the cache
          const Index count = std::min<Index>(8, last - i);
          const double* rows = shares_.row(i).data();
          kernels::dot_rows(rows, targets(), count, targets(), y.data(), products);
          for (Index k = 0; k < count; ++k) products[k] *= w[i + k];
          kernels::add_rows(rows, targets(), count, targets(), products, own.data());
        }
      },
      sums);
  return sums;
}

Vector ConditionalPlan::squares(const Vector& w) {
  Vector sums;
  parts_.sum(
      keeps_ ? 2.0 : exponential_work,
      [&](Index, Index first, Index last, double* buffer, Vector& own) {
        CostRows costs(cost_, last, buffer);
        for (Index i = first; i < last; ++i) {
          const ConstVectorMap s(shares(i, costs, buffer), targets());
          own.array() += w[i] * s.array().square();
        }
      },
      sums);
  return sums;
}

RowMatrix ConditionalPlan::links(const Vector& w) const {
  constexpr Index block = 128;  // rows at a time: there may be very many
  Matrix rows(targets(), std::min(block, sources()));
  RowMatrix links = RowMatrix::Zero(targets(), targets());
  Vector buffer((1 + cost_.at_once()) * targets());
  CostRows costs(cost_, sources(), buffer.data());
  for (Index first = 0; first < sources(); first += block) {
    const Index count = std::min(block, sources() - first);
    for (Index k = 0; k < count; ++k) {
      const double* s = shares(first + k, costs, buffer.data());
      rows.col(k) = std::sqrt(w[first + k]) * ConstVectorMap(s, targets());
    }
    links.selfadjointView<Eigen::Upper>().rankUpdate(rows.leftCols(count));
    interrupt::poll();
  }
  return links;
}

Vector ConditionalPlan::log_column_sums(const Vector& f, double reg) {
  const auto exponents_of = [&](Index i, double* buffer) {
    const ConstVectorMap costs(cost_.row(i, buffer), targets());
    return ((f[i] - costs.array()) / reg).eval();
  };
  Vector largest = Vector::Constant(targets(), -infinity);
  parts_.each(
      2.0, -infinity,
      [&](Index, Index first, Index last, double* buffer, Vector& own) {
        for (Index i = first; i < last; ++i) own = own.cwiseMax(exponents_of(i, buffer).matrix());
      },
      [&](const Vector& own) { largest = largest.cwiseMax(own); });
  Vector sums;
  parts_.sum(
      exponential_work,
      [&](Index, Index first, Index last, double* buffer, Vector& own) {
        for (Index i = first; i < last; ++i) {
          own.array() += (exponents_of(i, buffer) - largest.array()).exp();
        }
      },
      sums);
  return largest + sums.array().log().matrix();
}

}  // namespace optlite::transport
