// Factorisations that step over dependent columns, and what they tell of a matrix.
#include "check.hpp"
#include "data.hpp"
#include "optlite/core/random.hpp"
#include "optlite/linalg/cholesky.hpp"
#include "optlite/linalg/small_matrices.hpp"

namespace {

using optlite::CholeskyFactor;
using optlite::Index;
using optlite::Matrix;
using optlite::Vector;

/// Columns of normal numbers; the last three are combinations of columns of other panels.
Matrix dependent_columns(Index rows, Index cols) {
  const optlite::Philox random(3);
  Matrix X(rows, cols);
  for (Index i = 0; i < X.size(); ++i) X(i) = random.normal(static_cast<std::uint64_t>(i));
  X.col(cols / 2) = X.col(1);
  X.col(cols - 2) = 2.0 * X.col(cols / 2) - X.col(cols - 3);
  X.col(cols - 1) = X.col(0) + X.col(cols - 2);
  return X;
}

TEST("dependent columns are set apart, whatever the panel") {
  for (const Index cols : {8, 100, 128, 129, 300}) {
    const Matrix X = dependent_columns(2 * cols, cols);
    const Matrix A = data::product(X.transpose(), X);
    const Vector floor = 1e-10 * A.diagonal();
    const CholeskyFactor factor(A, floor);
    CHECK(factor.ok());
    CHECK_EQUAL(factor.rank(), cols - 3);
    const Matrix null = factor.null_space();
    CHECK_EQUAL(null.cols(), Index(3));
    CHECK(data::product(X, null).norm() <= 1e-10 * X.norm());
    CHECK(null(cols / 2, 0) == 1.0 && std::fabs(null(1, 0) + 1.0) < 1e-11);
    const Vector b = Vector::Ones(cols);
    const Vector x = factor.solve(b);
    CHECK(x[cols / 2] == 1.0 && x[cols - 1] == 1.0);
  }
}

TEST("a matrix that is not finite has no factor") {
  Matrix A = Matrix::Identity(5, 5);
  A(3, 1) = std::nan("");
  CHECK(!CholeskyFactor(A, Vector::Zero(5)).ok());
}

TEST("the spectrum of a factor lies inside the eigenvalues") {
  for (const Index size : {1, 2, 7, 150}) {
    const Matrix X = dependent_columns(3 * size + 20, size + 6).leftCols((size + 6) / 2);
    const Matrix A = data::product(X.transpose(), X);
    const Vector truth = optlite::symmetric_eigenvalues(A);
    const auto found = CholeskyFactor(A).spectrum();
    const double lowest = truth[0];
    const double highest = truth[A.rows() - 1];
    CHECK(found.largest <= highest * (1.0 + 1e-12) && found.largest >= 0.9 * highest);
    CHECK(found.smallest >= lowest * (1.0 - 1e-10) && found.smallest <= 1.2 * lowest);
  }
}

TEST("Cauchy's bound on the rank") {
  Matrix A = Matrix::Zero(4, 4);
  CHECK_EQUAL(optlite::rank_bound(A), Index(0));
  A.diagonal() << 1.0, 100.0, 1e-6, 0.0;
  CHECK_EQUAL(optlite::rank_bound(A), Index(3));
  CHECK_EQUAL(optlite::rank_bound(Matrix::Ones(6, 6)), Index(1));
}

TEST("Ritz values of conjugate gradients count distinct eigenvalues") {
  // diag(1, 2, 3, 3): three distinct eigenvalues, so that three iterations end it.
  const Eigen::Vector4d diagonal(1.0, 2.0, 3.0, 3.0);
  optlite::RitzValues ritz;
  Eigen::Vector4d r = Eigen::Vector4d::Ones();
  Eigen::Vector4d p = r;
  double momentum = 0.0;
  for (int k = 0; k < 3; ++k) {
    const Eigen::Vector4d Ap = diagonal.cwiseProduct(p);
    const double before = r.squaredNorm();
    const double step = before / p.dot(Ap);
    ritz.add(step, momentum);
    r -= step * Ap;
    momentum = r.squaredNorm() / before;
    p = r + momentum * p;
  }
  const Vector values = ritz.values();
  for (Index k = 0; k < 3; ++k) CHECK_CLOSE(values[k], static_cast<double>(k + 1), 1e-12);
  CHECK_EQUAL(ritz.count_above(1.5), Index(2));
  CHECK_CLOSE(ritz.spectrum().condition_number(), 3.0, 1e-12);
}

}  // namespace
