#include <Eigen/Cholesky>
#include <cmath>
#include <sstream>
#include <stdexcept>

#include "optlite/bcd/curvature.hpp"
#include "optlite/linalg/kernels.hpp"
#include "optlite/linalg/small_matrices.hpp"

namespace optlite::bcd {

namespace {

class Dense final : public Curvature {
 public:
  Dense(const double* values, Index n) : H_(values, n, n) { diagonal_ = H_.diagonal(); }

  /// Computed when they are asked for: that reads all of H.
  const Vector& row_sums() const override {
    if (row_sums_.size() == 0) row_sums_ = H_.cwiseAbs().colwise().sum().transpose();
    return row_sums_;
  }

  void entries(const Block& block, Matrix& out) const override {
    const auto size = static_cast<Index>(block.size());
    out.resize(size, size);
    if (size > 0 && block.back() == block.front() + size - 1) {  // columns wait for memory together
      out = H_.block(block.front(), block.front(), size, size);
      return;
    }
    for (Index j = 0; j < size; ++j) {
      const double* column = H_.col(block[static_cast<std::size_t>(j)]).data();
      for (Index i = 0; i < size; ++i) out(i, j) = column[block[static_cast<std::size_t>(i)]];
    }
  }

  /// Several columns at a time, for which `out` is read and written once: eight that are adjacent,
  /// or four.
  void add_columns(const Block& block, const Vector& d, Vector& out) const override {
    const auto size = static_cast<Index>(block.size());
    const auto member = [&](Index k) { return block[static_cast<std::size_t>(k)]; };
    const auto column = [&](Index k) { return H_.col(member(k)); };
    Index k = 0;
    while (k + 4 <= size) {
      if (k + 8 <= size && member(k + 7) == member(k) + 7) {
        kernels::add_rows(column(k).data(), H_.rows(), 8, H_.rows(), d.data() + k, out.data());
        k += 8;
        continue;
      }
      out += d[k] * column(k) + d[k + 1] * column(k + 1) + d[k + 2] * column(k + 2) +
             d[k + 3] * column(k + 3);
      k += 4;
    }
    for (; k < size; ++k) out += d[k] * column(k);
  }

 private:
  ConstMatrixMap H_;
  mutable Vector row_sums_;
};

class Sparse final : public Curvature {
 public:
  explicit Sparse(SparseColumns view)
      : H_(view), place_(static_cast<std::size_t>(view.cols()), -1) {
    H_.check();
    diagonal_ = Vector::Zero(H_.cols());
    row_sums_ = Vector::Zero(H_.cols());
    for (Index j = 0; j < H_.cols(); ++j) {
      for (Index k = H_.starts[j]; k < H_.starts[j + 1]; ++k) {
        if (H_.indices[k] == j) diagonal_[j] = H_.values[k];
        row_sums_[j] += std::fabs(H_.values[k]);
      }
    }
  }

  void entries(const Block& block, Matrix& out) const override {
    const auto size = static_cast<Index>(block.size());
    out.setZero(size, size);
    for (Index j = 0; j < size; ++j) place_[static_cast<std::size_t>(block[j])] = j;
    for (Index j = 0; j < size; ++j) {
      const Index column = block[static_cast<std::size_t>(j)];
      for (Index k = H_.starts[column]; k < H_.starts[column + 1]; ++k) {
        const Index i = place_[static_cast<std::size_t>(H_.indices[k])];
        if (i >= 0) out(i, j) = H_.values[k];
      }
    }
    for (const Index i : block) place_[static_cast<std::size_t>(i)] = -1;
  }

  void add_columns(const Block& block, const Vector& d, Vector& out) const override {
    for (std::size_t j = 0; j < block.size(); ++j) {
      const double step = d[static_cast<Index>(j)];
      for (Index k = H_.starts[block[j]]; k < H_.starts[block[j] + 1]; ++k) {
        out[H_.indices[k]] += step * H_.values[k];
      }
    }
  }

  const SparseColumns* columns() const override { return &H_; }
  const Vector& row_sums() const override { return row_sums_; }

 private:
  SparseColumns H_;
  Vector row_sums_;
  mutable std::vector<Index> place_;  // of a variable in the block at hand; -1 outside of it
};

}  // namespace

std::unique_ptr<Curvature> dense_curvature(const double* values, Index n) {
  return std::make_unique<Dense>(values, n);
}

std::unique_ptr<Curvature> sparse_curvature(SparseColumns view) {
  return std::make_unique<Sparse>(view);
}

std::string shown(double number) {
  std::ostringstream text;
  text << number;
  return text.str();
}

/// A pivot counts as zero if it is rounding beside its own number of the diagonal, whatever the
/// units of the other variables are; an eigenvalue, beside the largest number. So does the twin.
BlockSolver::BlockSolver(const Matrix& H) {
  const double share = 8.0 * epsilon * static_cast<double>(H.rows());
  factor_ = H;
  const Eigen::LLT<Eigen::Ref<Matrix>> cholesky(factor_);  // in place, below the diagonal
  if (cholesky.info() == Eigen::Success) {
    const auto pivots = factor_.diagonal().array().square();
    if ((pivots > share * H.diagonal().array()).all()) return;
  }
  singular_ = root_ = true;
  const double rounding = share * H.diagonal().maxCoeff();
  Vector values;
  symmetric_eigen(H, values, factor_);
  if (values[0] < -1e3 * rounding) {
    throw std::invalid_argument(
        "H must be positive semi-definite, got a block with the eigenvalue " + shown(values[0]) +
        ": f has no minimum.");
  }
  for (Index j = 0; j < values.size(); ++j) {
    factor_.col(j) *= values[j] > rounding ? 1.0 / std::sqrt(values[j]) : 0.0;
  }
}

/// Row by row of L^-1, which are the columns of W = L^-T.
void BlockSolver::take_root() {
  constexpr Index small = 64;  // from some hundred variables on, the root costs more than it saves
  const Index n = factor_.rows();
  if (root_ || n > small) return;
  Matrix W = Matrix::Zero(n, n);
  Vector minus(n);
  for (Index i = 0; i < n; ++i) {
    minus.head(i) = -factor_.row(i).head(i);
    W(i, i) = 1.0;
    kernels::add_rows(W.data(), n, i, i, minus.data(), W.col(i).data());
    W.col(i).head(i + 1) /= factor_(i, i);
  }
  factor_ = std::move(W);
  root_ = true;
}

void BlockSolver::solve(Vector& r) const {
  if (root_) {
    const Index n = factor_.rows();
    const Vector along = along_root(r);
    r.setZero();
    kernels::add_rows(factor_.data(), n, n, n, along.data(), r.data());
    return;
  }
  factor_.triangularView<Eigen::Lower>().solveInPlace(r);
  factor_.triangularView<Eigen::Lower>().transpose().solveInPlace(r);
}

/// W' r.
Vector BlockSolver::along_root(const Vector& r) const {
  const Index n = factor_.rows();
  Vector along(n);
  kernels::dot_rows(factor_.data(), n, n, n, r.data(), along.data());
  return along;
}

double BlockSolver::quadratic_form(Vector& r) const {
  if (root_) return along_root(r).squaredNorm();
  factor_.triangularView<Eigen::Lower>().solveInPlace(r);
  return r.squaredNorm();
}

}  // namespace optlite::bcd
