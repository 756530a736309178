#include "optlite/linalg/cholesky.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

#include "optlite/core/interrupt.hpp"
#include "optlite/core/parallel.hpp"
#include "optlite/core/random.hpp"

namespace optlite {

namespace {

constexpr Index panel = 128;

/// Tiles of `panel` rows from row `first` on.
struct Tiles {
  Index first;
  Index end;
  Index count() const { return (end - first + panel - 1) / panel; }
  Index begin(Index i) const { return first + i * panel; }
  Index height(Index i) const { return std::min(panel, end - begin(i)); }
};

double work(Index rows, Index width) { return static_cast<double>(rows * width * panel); }

/// Rows below a panel: A21 <- A21 L11^-T.
void divide(Matrix& A, Index k, Index width) {
  const Tiles below{k + width, A.rows()};
  const auto corner = A.block(k, k, width, width);
  parallel::for_each(below.count(), work(A.rows() - k, width), [&](Index i) {
    auto rows = A.block(below.begin(i), k, below.height(i), width);
    corner.triangularView<Eigen::Lower>().transpose().solveInPlace<Eigen::OnTheRight>(rows);
  });
}

/// The rest of the matrix: A22 <- A22 - A21 A21^T, a column of tiles at a time.
void subtract(Matrix& A, Index k, Index width) {
  const Tiles below{k + width, A.rows()};
  for (Index j = 0; j < below.count(); ++j) {
    const auto right = A.block(below.begin(j), k, below.height(j), width);
    parallel::for_each(below.count() - j, work(A.rows() - below.begin(j), width), [&](Index step) {
      const Index i = j + step;
      A.block(below.begin(i), below.begin(j), below.height(i), below.height(j)).noalias() -=
          A.block(below.begin(i), k, below.height(i), width) * right.transpose();
    });
    interrupt::poll();
  }
}

}  // namespace

CholeskyFactor::CholeskyFactor(Matrix A) : lower_(std::move(A)), ok_(true) { factorise(nullptr); }

CholeskyFactor::CholeskyFactor(Matrix A, const Vector& floor) : lower_(std::move(A)), ok_(true) {
  factorise(&floor);
  set_apart();
}

void CholeskyFactor::factorise(const Vector* floor) {
  for (Index k = 0; k < lower_.rows() && ok_; k += panel) {
    const Index width = std::min(panel, lower_.rows() - k);
    if (floor != nullptr) {
      ok_ = factorise_corner(k, width, *floor);
    } else {
      Matrix corner = lower_.block(k, k, width, width);
      const Eigen::LLT<Eigen::Ref<Matrix>> factor(corner);
      ok_ = factor.info() == Eigen::Success && corner.diagonal().allFinite();
      lower_.block(k, k, width, width) = corner;
    }
    const Index left = lower_.rows() - k - width;
    if (!ok_ || left == 0) continue;
    divide(lower_, k, width);
    for (const Index j : dependent_) {
      if (j >= k) lower_.col(j).tail(left).setZero();
    }
    subtract(lower_, k, width);
  }
}

/// Column by column, stepping over those that have nothing left of their own.
bool CholeskyFactor::factorise_corner(Index first, Index width, const Vector& floor) {
  auto corner = lower_.block(first, first, width, width);
  for (Index j = 0; j < width; ++j) {
    const double pivot = corner(j, j);
    if (!std::isfinite(pivot)) return false;
    const Index left = width - j - 1;
    if (!(pivot > floor[first + j])) {
      dependent_.push_back(first + j);
      corner(j, j) = 1.0;
      corner.col(j).tail(left).setZero();
      continue;
    }
    corner(j, j) = std::sqrt(pivot);
    corner.col(j).tail(left) /= corner(j, j);
    for (Index i = j + 1; i < width; ++i) {
      corner.col(i).tail(width - i) -= corner(i, j) * corner.col(j).tail(width - i);
    }
  }
  return true;
}

/// What the other columns say of the dependent ones leaves the factor.
void CholeskyFactor::set_apart() {
  relations_.setZero(lower_.rows(), static_cast<Index>(dependent_.size()));
  for (std::size_t i = 0; i < dependent_.size(); ++i) {
    const Index j = dependent_[i];
    relations_.col(static_cast<Index>(i)).head(j) = lower_.row(j).head(j).transpose();
    lower_.row(j).head(j).setZero();
  }
}

/// Column j = sum_k c_k column k, with L^T c = row j of L.
Matrix CholeskyFactor::null_space() const {
  Matrix basis = -relations_;
  lower_.triangularView<Eigen::Lower>().transpose().solveInPlace(basis);
  for (std::size_t i = 0; i < dependent_.size(); ++i) {
    basis(dependent_[i], static_cast<Index>(i)) = 1.0;
  }
  return basis;
}

Spectrum CholeskyFactor::spectrum() const {
  if (!ok_ || rank() == 0) return {};
  const Philox random(30, 7);
  Vector start(lower_.rows());
  for (Index j = 0; j < start.size(); ++j) start[j] = random.normal(static_cast<std::uint64_t>(j));
  for (const Index j : dependent_) start[j] = 0.0;  // and there it stays: nothing leads to them
  const auto L = lower_.triangularView<Eigen::Lower>();
  const double largest = largest_ritz_value(start, [&](Vector& v) {
    const Vector half = L.transpose() * v;
    v.noalias() = L * half;
  });
  const double inverse = largest_ritz_value(start, [&](Vector& v) {
    L.solveInPlace(v);
    L.transpose().solveInPlace(v);
  });
  return {1.0 / inverse, largest};
}

Matrix CholeskyFactor::solve(Matrix B) const {
  lower_.triangularView<Eigen::Lower>().solveInPlace(B);
  lower_.triangularView<Eigen::Lower>().transpose().solveInPlace(B);
  return B;
}

Vector CholeskyFactor::solve(Vector b) const {
  lower_.triangularView<Eigen::Lower>().solveInPlace(b);
  lower_.triangularView<Eigen::Lower>().transpose().solveInPlace(b);
  return b;
}

}  // namespace optlite
