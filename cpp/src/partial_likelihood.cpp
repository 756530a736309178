#include "optlite/problems/partial_likelihood.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace optlite {

namespace {

/// log(exp(a) + exp(b)).
double log_sum(double a, double b) {
  const double top = std::max(a, b);
  if (std::isinf(top)) return top;
  return top + std::log1p(std::exp(std::min(a, b) - top));
}

}  // namespace

PartialLikelihood::PartialLikelihood(const Vector& time, const Vector& event, Vector weight)
    : weight_(std::move(weight)),
      event_weight_(weight_),
      order_(static_cast<std::size_t>(time.size())) {
  const Index n = time.size();
  log_weight_ = (static_cast<double>(n) * weight_).array().log();
  for (Index i = 0; i < n; ++i) {
    if (event[i] == 0.0) event_weight_[i] = 0.0;
  }
  std::iota(order_.begin(), order_.end(), Index{0});
  std::stable_sort(order_.begin(), order_.end(),
                   [&](Index a, Index b) { return time[a] > time[b]; });
  for (Index at = 0; at < n;) {
    Moment moment{at, at, 0.0};
    const double now = time[order_[static_cast<std::size_t>(at)]];
    while (at < n && time[order_[static_cast<std::size_t>(at)]] == now) {
      moment.events += event_weight_[order_[static_cast<std::size_t>(at++)]];
    }
    moment.end = at;
    moments_.push_back(moment);
  }
}

Vector PartialLikelihood::log_totals(const Matrix& Z) const {
  Vector totals(static_cast<Index>(moments_.size()));
  double total = -infinity;
  for (std::size_t m = 0; m < moments_.size(); ++m) {
    for (Index k = moments_[m].begin; k < moments_[m].end; ++k) {
      total = log_sum(total, exponent(Z, order_[static_cast<std::size_t>(k)]));
    }
    totals[static_cast<Index>(m)] = total;
  }
  return totals;
}

double PartialLikelihood::value(const Matrix& Z) const {
  const Vector totals = log_totals(Z);
  double sum = 0.0;
  for (std::size_t m = 0; m < moments_.size(); ++m) {
    for (Index k = moments_[m].begin; k < moments_[m].end; ++k) {
      const Index i = order_[static_cast<std::size_t>(k)];
      if (event_weight_[i] > 0.0) {
        sum += event_weight_[i] * (totals[static_cast<Index>(m)] - Z(i, 0));
      }
    }
  }
  return sum;
}

Vector PartialLikelihood::shares(const Matrix& Z, const Vector& totals) const {
  Vector out(samples());
  double hazard = -infinity;  // log of the sum of events over totals, up to this time
  for (std::size_t m = moments_.size(); m-- > 0;) {
    const Moment& moment = moments_[m];
    if (moment.events > 0.0) {
      hazard = log_sum(hazard, std::log(moment.events) - totals[static_cast<Index>(m)]);
    }
    for (Index k = moment.begin; k < moment.end; ++k) {
      const Index j = order_[static_cast<std::size_t>(k)];
      out[j] = std::exp(exponent(Z, j) + hazard);
    }
  }
  return out;
}

double PartialLikelihood::differentiate(Matrix& Z) const {
  const double sum = value(Z);
  Z.col(0) = event_weight_ - shares(Z, log_totals(Z));
  return sum;
}

double PartialLikelihood::gap(const Matrix& Z, double t) const {
  const Vector totals = log_totals(Z);
  double sum = 0.0;
  for (std::size_t m = 0; m < moments_.size(); ++m) {
    for (Index k = moments_[m].begin; k < moments_[m].end; ++k) {
      const Index i = order_[static_cast<std::size_t>(k)];
      if (!(event_weight_[i] > 0.0)) continue;
      const double others = totals[static_cast<Index>(m)] - exponent(Z, i);  // minus log p_ii
      sum += event_weight_[i] * label_gap(-std::expm1(-others), std::expm1(others), t);
    }
  }
  return sum;
}

void PartialLikelihood::expand(const Matrix& Z) {
  curvature_ = shares(Z, log_totals(Z));
  entering_.resize(samples());
  double total = -infinity;
  for (Index k = 0; k < samples(); ++k) {
    const double own = exponent(Z, order_[static_cast<std::size_t>(k)]);
    total = log_sum(total, own);
    entering_[k] = std::isinf(own) ? 0.0 : std::exp(own - total);
  }
}

Vector PartialLikelihood::curvature(Index, Index) const { return curvature_; }

void PartialLikelihood::couple(const ColumnDesign& X, const Columns& list, const Vector& shift,
                               Matrix& H) const {
  Matrix means(static_cast<Index>(moments_.size()), static_cast<Index>(list.size()));
  Vector x(samples());
  for (std::size_t c = 0; c < list.size(); ++c) {
    const double one = 1.0;
    x.setConstant(-shift[list[c]]);
    X.add({list[c]}, &one, x.data());
    double mean = 0.0;  // over the risk set
    for (std::size_t m = 0; m < moments_.size(); ++m) {
      for (Index k = moments_[m].begin; k < moments_[m].end; ++k) {
        mean += entering_[k] * (x[order_[static_cast<std::size_t>(k)]] - mean);
      }
      means(static_cast<Index>(m), static_cast<Index>(c)) = std::sqrt(moments_[m].events) * mean;
    }
  }
  H.noalias() -= means.transpose() * means;
}

}  // namespace optlite
