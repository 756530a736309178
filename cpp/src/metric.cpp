#include "optlite/linalg/metric.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "optlite/linalg/cholesky.hpp"
#include "optlite/linalg/small_matrices.hpp"

namespace optlite {

namespace {

class Identity final : public Metric {
 public:
  void solve(const Vector& g, Vector& out) const override { out = g; }
};

class Diagonal final : public Metric {
 public:
  explicit Diagonal(Vector d) : inverse_(std::move(d)) {
    const double top = inverse_.size() > 0 ? inverse_.maxCoeff() : 0.0;
    for (Index j = 0; j < inverse_.size(); ++j) {
      const double value = inverse_[j] > 0.0 && std::isfinite(inverse_[j]) ? inverse_[j] : top;
      inverse_[j] = value > 0.0 ? 1.0 / value : 1.0;
    }
  }
  void solve(const Vector& g, Vector& out) const override { out = inverse_.cwiseProduct(g); }

 private:
  Vector inverse_;
};

/// H + shift I in units in which its diagonal is about one (powers of two: no rounding), so that
/// columns of any size may stand side by side; more is added to it there until the pivots are
/// safely positive.
class ShiftedFactor {
 public:
  ShiftedFactor(const Matrix& H, double shift) : unit_(H.rows()), used_(shift) {
    for (Index j = 0; j < H.rows(); ++j) {
      const double diagonal = H(j, j) + shift;
      if (!std::isfinite(diagonal)) return;
      unit_[j] = diagonal > 0.0 ? std::exp2(-std::round(0.5 * std::log2(diagonal))) : 1.0;
    }
    Matrix scaled = unit_.asDiagonal() * H * unit_.asDiagonal();
    scaled.diagonal() += shift * unit_.cwiseAbs2();
    const double floor = 16.0 * epsilon * static_cast<double>(H.rows());
    for (int attempt = 0; attempt < 60; ++attempt) {
      Matrix shifted = scaled;
      shifted.diagonal().array() += extra_;
      factor_ = CholeskyFactor(std::move(shifted));
      if (factor_.ok() && (H.rows() == 0 || factor_.pivots().minCoeff() > floor)) break;
      extra_ = std::max(10.0 * extra_, 4.0 * floor);
    }
    used_ += extra_;
  }

  /// What was added to the diagonal, in two units; zero if and only if nothing was.
  double used() const { return used_; }

  Spectrum spectrum() const { return extra_ == 0.0 ? factor_.spectrum() : Spectrum{}; }

  /// Not a number, which drivers notice, if H was not finite.
  Vector solve(const Vector& g) const {
    if (!factor_.ok()) return Vector::Constant(g.size(), std::nan(""));
    return unit_.cwiseProduct(factor_.solve(Vector(unit_.cwiseProduct(g))));
  }

 private:
  Vector unit_;
  double used_;
  double extra_ = 0.0;
  CholeskyFactor factor_;
};

class Cholesky final : public Metric {
 public:
  Cholesky(const Matrix& H, double shift, double& used) : factor_(H, shift) {
    used = factor_.used();
  }
  void solve(const Vector& g, Vector& out) const override { out = factor_.solve(g); }
  bool factorised() const override { return true; }
  Spectrum spectrum() const override { return factor_.spectrum(); }

 private:
  ShiftedFactor factor_;
};

class Kronecker final : public Metric {
 public:
  Kronecker(const Matrix& C, const Matrix& G, const Vector& penalty) {
    Vector values;
    symmetric_eigen(C, values, rotation_);
    const double top = values.maxCoeff();
    for (Index k = 0; k < C.rows(); ++k) {
      // The direction that shifts all classes alike has no curvature but the penalty's.
      const double value = std::max(values[k], 1e-8 * top);
      Matrix block = value * G;
      block.diagonal() += penalty;
      factors_.emplace_back(block, 0.0);
    }
  }
  void solve(const Vector& g, Vector& out) const override {
    const Index K = rotation_.rows();
    Matrix rotated = ConstMatrixMap(g.data(), g.size() / K, K) * rotation_;
    for (Index k = 0; k < K; ++k) {
      rotated.col(k) = factors_[static_cast<std::size_t>(k)].solve(Vector(rotated.col(k)));
    }
    out.resize(g.size());
    MatrixMap(out.data(), g.size() / K, K).noalias() = rotated * rotation_.transpose();
  }
  bool factorised() const override { return true; }
  /// Without the first block, whose direction shifts all classes alike: no gradient has a part in
  /// it, and no step goes there.
  Spectrum spectrum() const override {
    Spectrum all;
    for (std::size_t k = 1; k < factors_.size(); ++k) {
      const Spectrum own = factors_[k].spectrum();
      if (!own.known()) return {};
      all.include(own);
    }
    return all;
  }

 private:
  Matrix rotation_;
  std::vector<ShiftedFactor> factors_;
};

/// Solved by the Schur complement of B, S = D - C^T B^-1 C, in coordinates in which D is one.
class Bordered final : public Metric {
 public:
  Bordered(std::unique_ptr<Metric> inner, Matrix columns, std::vector<Index> border)
      : inner_(std::move(inner)), border_(std::move(border)), columns_(std::move(columns)) {
    const Index K = static_cast<Index>(border_.size());
    Matrix D(K, K);
    for (Index k = 0; k < K; ++k) {
      D.row(k) = columns_.row(place(k));
      columns_.row(place(k)).setZero();
    }
    solved_.resize(columns_.rows(), K);
    for (Index k = 0; k < K; ++k) {
      Vector column;
      inner_->solve(columns_.col(k), column);
      solved_.col(k) = column;
      for (Index l = 0; l < K; ++l) solved_(place(l), k) = 0.0;
    }
    complement(D);
  }

  void solve(const Vector& g, Vector& out) const override {
    Vector inside = g;
    Vector own(border_.size());
    for (Index k = 0; k < own.size(); ++k) {
      own[k] = g[place(k)];
      inside[place(k)] = 0.0;
    }
    inner_->solve(inside, out);
    const Vector outside = inverse_ * (own - columns_.transpose() * out);
    out.noalias() -= solved_ * outside;
    for (Index k = 0; k < own.size(); ++k) out[place(k)] = outside[k];
  }
  bool factorised() const override { return inner_->factorised(); }
  Spectrum spectrum() const override { return inner_->spectrum(); }

 private:
  Index place(Index k) const { return border_[static_cast<std::size_t>(k)]; }

  /// The inverse of S, after C has been shortened so that S >= D / 10.
  void complement(const Matrix& D) {
    Vector values;
    Matrix vectors;
    symmetric_eigen(D, values, vectors);
    for (Index k = 0; k < values.size(); ++k) {
      const bool seen = values[k] > 1e-8 * values.maxCoeff();
      vectors.col(k) *= seen ? 1.0 / std::sqrt(values[k]) : 0.0;
    }
    Matrix taken = columns_.transpose() * solved_;
    taken = vectors.transpose() * taken;
    taken = taken * vectors;
    Matrix turn;
    symmetric_eigen(0.5 * (taken + taken.transpose()), values, turn);
    const double share = std::min(1.0, 0.9 / std::max(values.maxCoeff(), 0.9));
    columns_ *= std::sqrt(share);
    solved_ *= std::sqrt(share);
    vectors = vectors * turn;
    inverse_ = from_eigen((1.0 - share * values.array()).inverse().matrix(), vectors);
  }

  std::unique_ptr<Metric> inner_;
  std::vector<Index> border_;
  Matrix columns_;  // C, zero in the rows of the border
  Matrix solved_;  // B^-1 C
  Matrix inverse_;  // S^-1
};

}  // namespace

std::unique_ptr<Metric> identity_metric() { return std::make_unique<Identity>(); }

std::unique_ptr<Metric> diagonal_metric(Vector d) {
  return std::make_unique<Diagonal>(std::move(d));
}

std::unique_ptr<Metric> cholesky_metric(const Matrix& H, double shift, double& used) {
  return std::make_unique<Cholesky>(H, shift, used);
}

std::unique_ptr<Metric> kronecker_metric(const Matrix& C, const Matrix& G, const Vector& penalty) {
  return std::make_unique<Kronecker>(C, G, penalty);
}

std::unique_ptr<Metric> bordered_metric(std::unique_ptr<Metric> inner, Matrix columns,
                                        std::vector<Index> border) {
  return std::make_unique<Bordered>(std::move(inner), std::move(columns), std::move(border));
}

}  // namespace optlite
