#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "optlite/core/pairwise.hpp"
#include "optlite/core/parallel.hpp"
#include "optlite/drivers/ridge.hpp"
#include "optlite/linalg/gram.hpp"

namespace optlite {

namespace {

/// A point with 1 - h below this determines its own fitted value: leaving it out changes the rank.
constexpr double leverage_floor = 1e-11;

/// 1 / (e_j + alpha_l), k x L.
Matrix inverse_shifted(const Vector& e, const Vector& alphas) {
  Matrix D(e.size(), alphas.size());
  for (Index l = 0; l < alphas.size(); ++l) {
    for (Index j = 0; j < e.size(); ++j) {
      const double shifted = std::max(e[j], 0.0) + alphas[l];
      D(j, l) = shifted > 0.0 ? 1.0 / shifted : 0.0;
    }
  }
  return D;
}

/// The shrinkage e_j / (e_j + alpha_l) of every direction for every alpha, as a product of two
/// narrow matrices: as functions of e the columns are so smooth that a dozen directions hold all of
/// them to rounding, unless the eigenvalues differ by many powers of ten.
struct Shrinkage {
  Matrix left;   // k x r, r a multiple of four
  Matrix right;  // r x L

  Shrinkage(const Vector& e, const Vector& alphas) {
    const Matrix F = e.asDiagonal() * inverse_shifted(e, alphas);
    const Eigen::ColPivHouseholderQR<Matrix> qr(F);
    const Matrix R = qr.matrixR().triangularView<Eigen::Upper>();
    const Index most = std::min(F.rows(), F.cols());
    Index r = 0;
    while (r < most && std::fabs(R(r, r)) > 0.25 * epsilon * std::fabs(R(0, 0))) ++r;
    const Index padded = (r + 3) / 4 * 4;
    left = Matrix::Zero(F.rows(), padded);
    left.leftCols(r).setIdentity();
    left.leftCols(r).applyOnTheLeft(qr.householderQ());
    right = Matrix::Zero(padded, F.cols());
    right.topRows(r) = R.topRows(r) * qr.colsPermutation().transpose();
  }

  /// U F (count x L) from U left.
  void widen(Index count, const double* narrow, Matrix& out) const {
    out.resize(count, right.cols());
    columns_multiply(count, right.rows(), right.cols(), narrow, right.data(), out.data());
  }
};

/// Block sums of squared errors and residuals, one row a block, and counts of clipped points.
struct Tables {
  Matrix errors;
  Matrix residuals;
  std::vector<Index> clipped;
  Tables(Index blocks, Index columns)
      : errors(Matrix::Zero(blocks, columns)),
        residuals(Matrix::Zero(blocks, columns)),
        clipped(static_cast<std::size_t>(blocks), 0) {}

  LeaveOneOut finish(Index alphas, Index targets) {
    LeaveOneOut loo;
    const Vector error = pairwise_sums(std::move(errors));
    const Vector residual = pairwise_sums(std::move(residuals));
    loo.squared_errors = ConstMatrixMap(error.data(), targets, alphas).transpose();
    loo.squared_residuals = ConstMatrixMap(residual.data(), targets, alphas).transpose();
    for (const Index count : clipped) loo.clipped += count;
    return loo;
  }
};

/// left <- 1 - s (leverage + constant), not below the floor. Returns how many were.
Index remaining(Index count, const double* weight, double constant, double* leverage) {
  double clipped = 0.0;  // of the type of the comparison, for vectors
#pragma omp simd reduction(+ : clipped)
  for (Index i = 0; i < count; ++i) {
    const double left = 1.0 - weight[i] * (leverage[i] + constant);
    clipped += left < leverage_floor ? 1.0 : 0.0;
    leverage[i] = left < leverage_floor ? leverage_floor : left;
  }
  return static_cast<Index>(clipped);
}

/// fitted <- (y - fitted) / left, the errors of leaving out; and their weighted sums of squares.
void leave_out(Index count, const double* y, const double* weight, const double* left,
               double* fitted, double& error_sum, double& residual_sum) {
  double errors = 0.0;
  double residuals = 0.0;
#pragma omp simd reduction(+ : errors, residuals)
  for (Index i = 0; i < count; ++i) {
    const double residual = y[i] - fitted[i];
    const double error = residual / left[i];
    errors += weight[i] * error * error;
    residuals += weight[i] * residual * residual;
    fitted[i] = error;
  }
  error_sum = errors;
  residual_sum = residuals;
}

}  // namespace

LeaveOneOut leave_one_out_primal(RidgeProblem& problem, const Matrix& V, const Vector& e,
                                 const Vector& alphas, double* errors) {
  const Design& design = problem.design();
  const Index k = V.cols();
  const Index L = alphas.size();
  const Index T = problem.targets();
  // Rows of U = Z V diag(e)^(-1/2): leverage and fitted value are U^2 F and U diag(c) F.
  const Shrinkage F(e, alphas);
  const Index r = F.left.cols();
  const Matrix basis = V * e.cwiseSqrt().cwiseInverse().asDiagonal();
  const Matrix c = basis.transpose() * problem.target_moments();
  Matrix fit(k, r * T);
  for (Index t = 0; t < T; ++t) fit.middleCols(t * r, r) = c.col(t).asDiagonal() * F.left;
  const Eigen::RowVectorXd offset = problem.mean().transpose() * basis;
  const double constant = problem.intercept() ? 1.0 / problem.total_weight() : 0.0;
  const Matrix& y = problem.centered_targets();
  const Vector ones = Vector::Ones(problem.weight() == nullptr ? design.block_rows() : 0);
  Tables tables(design.blocks(), L * T);
  design.pass(
      basis.data(), k, 0,
      [&](Index first, Index count, double* block) {
        const Index b = first / design.block_rows();
        const double* weight = problem.weight() == nullptr ? ones.data() : problem.weight() + first;
        MatrixMap U(block, count, k);
        U.rowwise() -= offset;
        Matrix fitted(count, r * T);
        columns_multiply(count, k, r * T, block, fit.data(), fitted.data());
        U = U.cwiseAbs2();
        Matrix leverage(count, r);
        columns_multiply(count, k, r, block, F.left.data(), leverage.data());
        Matrix left;
        F.widen(count, leverage.data(), left);
        for (Index l = 0; l < L; ++l) {
          tables.clipped[static_cast<std::size_t>(b)] +=
              remaining(count, weight, constant, left.col(l).data());
        }
        Matrix error;
        for (Index t = 0; t < T; ++t) {
          F.widen(count, fitted.data() + t * r * count, error);
          for (Index l = 0; l < L; ++l) {
            leave_out(count, y.data() + first + t * y.rows(), weight, left.col(l).data(),
                      error.col(l).data(), tables.errors(b, l * T + t),
                      tables.residuals(b, l * T + t));
          }
          for (Index i = 0; errors != nullptr && i < count; ++i) {
            Eigen::Map<Eigen::RowVectorXd>(errors + ((first + i) * T + t) * L, L) = error.row(i);
          }
        }
      },
      nullptr);
  LeaveOneOut loo = tables.finish(L, T);
  loo.degrees_of_freedom = inverse_shifted(e, alphas).transpose() * e.cwiseMax(0.0);
  if (problem.intercept()) loo.degrees_of_freedom.array() += 1.0;
  return loo;
}

LeaveOneOut leave_one_out_dual(RidgeProblem& problem, const Matrix& U, const Vector& e,
                               const Vector& alphas, double* errors) {
  const Index n = problem.rows();
  const Index k = U.cols();
  const Index L = alphas.size();
  const Index T = problem.targets();
  Vector root = Vector::Ones(n);
  if (problem.weight() != nullptr) root = ConstVectorMap(problem.weight(), n).cwiseSqrt();
  const double top = k > 0 ? std::max(e.maxCoeff(), 0.0) : 0.0;
  const Matrix D = inverse_shifted(e, alphas);
  const Matrix Uty = U.transpose() * (root.asDiagonal() * problem.centered_targets());
  Matrix C(k, L * T);
  for (Index l = 0; l < L; ++l) C.middleCols(l * T, T) = D.col(l).asDiagonal() * Uty;
  constexpr Index height = 64;
  const Index blocks = (n + height - 1) / height;
  Tables tables(blocks, L * T);
  const double work = static_cast<double>(n * k * L * (T + 1));
  parallel::for_each(blocks, work, [&](Index b) {
    const Index first = b * height;
    const Index count = std::min(height, n - first);
    const Matrix Q = U.middleRows(first, count);
    const Matrix c = Q * C;
    const Matrix inverse = Q.cwiseAbs2() * D;  // diagonal of (K + alpha I)^-1, constants left out
    for (Index l = 0; l < L; ++l) {
      for (Index i = 0; i < count; ++i) {
        const double s = root[first + i];
        // At least (1 - u_i^2) / (e_max + alpha), u being the vector that the intercept takes.
        const double smallest = leverage_floor / (top + alphas[l]);
        double diagonal = inverse(i, l);
        if (s > 0.0 && !(diagonal > smallest)) {
          ++tables.clipped[static_cast<std::size_t>(b)];
          diagonal = std::max(smallest, std::numeric_limits<double>::min());
        }
        for (Index t = 0; t < T; ++t) {
          const double scaled = s > 0.0 ? c(i, l * T + t) / diagonal : 0.0;
          const double residual = alphas[l] * c(i, l * T + t);
          tables.errors(b, l * T + t) += scaled * scaled;
          tables.residuals(b, l * T + t) += residual * residual;
          if (errors != nullptr) {
            errors[((first + i) * T + t) * L + l] =
                s > 0.0 ? scaled / s : std::numeric_limits<double>::quiet_NaN();
          }
        }
      }
    }
  });
  LeaveOneOut loo = tables.finish(L, T);
  loo.degrees_of_freedom = D.transpose() * e.cwiseMax(0.0);
  if (problem.intercept()) loo.degrees_of_freedom.array() += 1.0;
  return loo;
}
}  // namespace optlite
