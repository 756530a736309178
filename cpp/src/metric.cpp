#include "optlite/linalg/metric.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <vector>

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

/// Factorises H + shift I, raising the shift until the pivots are safely positive.
double factorize(const Matrix& H, double shift, Eigen::LLT<Matrix>& factor) {
  const double scale = std::max(H.diagonal().cwiseAbs().maxCoeff(), 1e-300);
  const double floor = 16.0 * epsilon * static_cast<double>(H.rows()) * scale;
  for (int attempt = 0; attempt < 60; ++attempt) {
    Matrix shifted = H;
    shifted.diagonal().array() += shift;
    factor.compute(shifted);
    if (factor.info() == Eigen::Success) {
      const double pivot = factor.matrixLLT().diagonal().cwiseAbs2().minCoeff();
      if (std::isfinite(pivot) && pivot > floor) break;
    }
    shift = std::max(10.0 * shift, 4.0 * floor);
  }
  return shift;
}

class Cholesky final : public Metric {
 public:
  Cholesky(const Matrix& H, double shift, double& used) { used = factorize(H, shift, factor_); }
  void solve(const Vector& g, Vector& out) const override { out = factor_.solve(g); }

 private:
  Eigen::LLT<Matrix> factor_;
};

class Kronecker final : public Metric {
 public:
  Kronecker(const Matrix& C, const Matrix& G, const Vector& penalty) {
    Vector values;
    symmetric_eigen(C, values, rotation_);
    const double top = values.maxCoeff();
    factors_.resize(static_cast<std::size_t>(C.rows()));
    for (Index k = 0; k < C.rows(); ++k) {
      // The direction that shifts all classes alike has no curvature but the penalty's.
      const double value = std::max(values[k], 1e-8 * top);
      Matrix block = value * G;
      block.diagonal() += penalty;
      factorize(block, 0.0, factors_[static_cast<std::size_t>(k)]);
    }
  }
  void solve(const Vector& g, Vector& out) const override {
    const Index K = rotation_.rows();
    Matrix rotated = ConstMatrixMap(g.data(), g.size() / K, K) * rotation_;
    for (Index k = 0; k < K; ++k) {
      rotated.col(k) = factors_[static_cast<std::size_t>(k)].solve(rotated.col(k));
    }
    out.resize(g.size());
    MatrixMap(out.data(), g.size() / K, K).noalias() = rotated * rotation_.transpose();
  }

 private:
  Matrix rotation_;
  std::vector<Eigen::LLT<Matrix>> factors_;
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

bool is_positive_definite(const Matrix& H) {
  return Eigen::LLT<Matrix>(H).info() == Eigen::Success;
}

// Here, so that one file only pays for compiling Eigen's solver.
void symmetric_eigen(const Matrix& A, Vector& values, Matrix& vectors) {
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(A);
  values = solver.eigenvalues();
  vectors = solver.eigenvectors();
}

}  // namespace optlite
