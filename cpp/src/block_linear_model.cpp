#include <cmath>
#include <map>
#include <utility>

#include "optlite/bcd/linear_model.hpp"

namespace optlite::bcd {

namespace {

/// The variables of a block by output: their columns of X, and where they stand in the block.
struct Part {
  Columns columns;
  std::vector<Index> places;
};

std::map<Index, Part> by_output(const LinearModelShape& shape, const Block& block) {
  std::map<Index, Part> parts;
  for (std::size_t i = 0; i < block.size(); ++i) {
    Part& part = parts[shape.output(block[i])];
    part.columns.push_back(shape.feature(block[i]));
    part.places.push_back(static_cast<Index>(i));
  }
  return parts;
}

Vector picked(const Vector& d, const std::vector<Index>& places) {
  Vector out(static_cast<Index>(places.size()));
  for (Index k = 0; k < out.size(); ++k) out[k] = d[places[static_cast<std::size_t>(k)]];
  return out;
}

/// out(places of a, places of b) = M.
void put(const Matrix& M, const Part& a, const Part& b, Matrix& out) {
  for (Index i = 0; i < M.rows(); ++i) {
    for (Index j = 0; j < M.cols(); ++j) {
      out(a.places[static_cast<std::size_t>(i)], b.places[static_cast<std::size_t>(j)]) = M(i, j);
    }
  }
}

}  // namespace

LinearModelCurvature::LinearModelCurvature(const ColumnDesign& X, Matrix C, double alpha,
                                           const Vector& diagonal, const Vector& row_sums)
    : X_(X), shape_{X.cols()}, C_(std::move(C)), alpha_(alpha) {
  const Index p = X.cols();
  diagonal_.resize(p * C_.rows());
  row_sums_.resize(p * C_.rows());
  for (Index k = 0; k < C_.rows(); ++k) {
    diagonal_.segment(k * p, p) = C_(k, k) * diagonal.array() + alpha;
    row_sums_.segment(k * p, p) = C_.row(k).cwiseAbs().sum() * row_sums.array() + alpha;
  }
}

void LinearModelCurvature::entries(const Block& block, Matrix& out) const {
  const auto size = static_cast<Index>(block.size());
  out.setZero(size, size);
  const auto parts = by_output(shape_, block);
  const Vector no_shift = Vector::Zero(X_.cols());
  Matrix gram;
  for (const auto& [k, a] : parts) {
    for (const auto& [l, b] : parts) {
      X_.products(a.columns, b.columns, nullptr, no_shift, gram);
      put(C_(k, l) * gram, a, b, out);
    }
  }
  out.diagonal().array() += alpha_;
}

void LinearModelCurvature::add_columns(const Block& block, const Vector& d, Vector& out) const {
  const Index p = X_.cols();
  Vector margins(X_.rows()), dots(p);
  for (const auto& [l, part] : by_output(shape_, block)) {
    margins.setZero();
    X_.add(part.columns, picked(d, part.places).data(), margins.data());
    X_.dots(margins.data(), dots.data());
    for (Index k = 0; k < C_.rows(); ++k) out.segment(k * p, p) += C_(k, l) * dots;
  }
  for (std::size_t i = 0; i < block.size(); ++i) out[block[i]] += alpha_ * d[static_cast<Index>(i)];
}

LinearModel::LinearModel(const Curvature& H, const ColumnDesign& X, OutputLoss loss, double alpha,
                         Vector x)
    : Smooth(H, std::move(x)),
      X_(X),
      shape_{X.cols()},
      loss_(std::move(loss)),
      alpha_(alpha),
      margins_(X.rows(), loss_.outputs()),
      residuals_(X.rows(), loss_.outputs()) {
  margins_.setZero();
  Vector start = Vector::Zero(x_.size());
  x_.swap(start);
  evaluate();
  scale_ = gradient_.norm();
  x_.swap(start);
  refresh();
}

void LinearModel::add_margins(const Block& block, const Vector& d, Matrix& margins) const {
  for (const auto& [k, part] : by_output(shape_, block)) {
    X_.add(part.columns, picked(d, part.places).data(), margins.col(k).data());
  }
}

/// Value and gradient, the margins being those of x.
void LinearModel::evaluate() {
  const Index p = shape_.features;
  residuals_ = margins_;
  loss_value_ = loss_.evaluate(0, X_.rows(), residuals_.data());
  value_ = loss_value_ + 0.5 * alpha_ * x_.squaredNorm();
  gradient_.resize(x_.size());
  for (Index k = 0; k < residuals_.cols(); ++k) {
    X_.dots(residuals_.col(k).data(), gradient_.data() + k * p);
  }
  gradient_ += alpha_ * x_;
}

void LinearModel::move(const Block& block, const Vector& d) {
  add_margins(block, d, margins_);
  for (std::size_t k = 0; k < block.size(); ++k) x_[block[k]] += d[static_cast<Index>(k)];
  evaluate();
}

void LinearModel::refresh() {
  Block used;
  for (Index v = 0; v < x_.size(); ++v) {
    if (x_[v] != 0.0) used.push_back(v);
  }
  Vector d;
  gather(x_, used, d);
  margins_.setZero();
  add_margins(used, d, margins_);
  evaluate();
}

void LinearModel::restrict(const Block& block) { block_ = block; }

void LinearModel::seen_from(const Vector& d) {
  trial_ = margins_;
  add_margins(block_, d, trial_);
}

double LinearModel::change(const Vector& d) {
  seen_from(d);
  double ridge = 0.0;
  for (std::size_t k = 0; k < block_.size(); ++k) {
    const double step = d[static_cast<Index>(k)];
    ridge += step * (x_[block_[k]] + 0.5 * step);
  }
  return loss_.value(0, X_.rows(), trial_.data()) - loss_value_ + alpha_ * ridge;
}

void LinearModel::slopes(const Vector& d, Vector& g) {
  seen_from(d);
  loss_.evaluate(0, X_.rows(), trial_.data());
  g.resize(d.size());
  for (const auto& [k, part] : by_output(shape_, block_)) {
    Vector dots(static_cast<Index>(part.columns.size()));
    X_.dots(part.columns, trial_.col(k).data(), dots.data());
    for (Index i = 0; i < dots.size(); ++i) g[part.places[static_cast<std::size_t>(i)]] = dots[i];
  }
  for (Index i = 0; i < g.size(); ++i) {
    g[i] += alpha_ * (x_[block_[static_cast<std::size_t>(i)]] + d[i]);
  }
}

/// X_b' diag(q) X_b, with q of either sign between two outputs: as a difference of two squares.
void LinearModel::hessian(const Vector& d, Matrix& H) {
  seen_from(d);
  loss_.prepare(0, X_.rows(), trial_.data());
  const auto parts = by_output(shape_, block_);
  H.setZero(d.size(), d.size());
  const Vector no_shift = Vector::Zero(X_.cols());
  Vector q(X_.rows());
  Matrix gram;
  for (const auto& [k, a] : parts) {
    for (const auto& [l, b] : parts) {
      loss_.curvature(0, X_.rows(), trial_.data(), k, l, q.data());
      const double sign = k == l ? 1.0 : -1.0;  // softmax: p_k (1 - p_k), -p_k p_l
      q = (sign * q).cwiseSqrt();
      X_.products(a.columns, b.columns, q.data(), no_shift, gram);
      put(sign * gram, a, b, H);
    }
  }
  H.diagonal().array() += alpha_;
}

double LinearModel::rounding() const { return 8.0 * epsilon * std::fabs(loss_value_); }

}  // namespace optlite::bcd
