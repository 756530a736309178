#include "optlite/linalg/cholesky.hpp"

#include <Eigen/Cholesky>
#include <algorithm>

#include "optlite/core/interrupt.hpp"
#include "optlite/core/parallel.hpp"

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

CholeskyFactor::CholeskyFactor(Matrix A) : lower_(std::move(A)), ok_(true) {
  for (Index k = 0; k < lower_.rows() && ok_; k += panel) {
    const Index width = std::min(panel, lower_.rows() - k);
    Matrix corner = lower_.block(k, k, width, width);
    const Eigen::LLT<Eigen::Ref<Matrix>> factor(corner);
    ok_ = factor.info() == Eigen::Success && corner.diagonal().allFinite();
    lower_.block(k, k, width, width) = corner;
    if (!ok_ || k + width == lower_.rows()) continue;
    divide(lower_, k, width);
    subtract(lower_, k, width);
  }
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
