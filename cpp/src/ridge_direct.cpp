#include <algorithm>
#include <cmath>
#include <limits>

#include "ridge_certificate.hpp"
#include "ridge_conditioning.hpp"
#include "ridge_factors.hpp"

namespace optlite {

double relative_certificate(double gap, double value, double at_zero) {
  if (!std::isfinite(gap) || !std::isfinite(value)) return infinity;
  const double floor = epsilon * at_zero;
  const double bound = std::min(gap, std::max(value, 0.0));
  return bound > 0.0 ? bound / std::max({value, floor, std::numeric_limits<double>::min()}) : 0.0;
}

namespace {

/// The system of the smallest penalty: its condition number from the factor, and the rank of A.
Conditioning describe(const Factors& factors, const Vector& alphas, const Symmetric& A) {
  Conditioning found;
  Index target = 0;
  const double alpha = alphas.minCoeff(&target);
  const CholeskyFactor& factor = factors.of(target);
  found.set_condition(factor.spectrum().condition_number(),
                      A.rounded ? Trust::estimate : Trust::lower_bound);
  if (alpha == 0.0) found.set_rank(A.matrix.rows(), Trust::exact);
  else find_rank(A, factor.pivots(), alpha, found);
  return found;
}

/// Certificates from the Gram matrix alone, with an allowance for the rounding in it, so that well
/// conditioned problems need no further read of X.
bool certified_without_data(RidgeProblem& problem, const Factors& factors, const Vector& alphas,
                            double tolerance, RidgeResult& result) {
  const Matrix& H = problem.gram();
  const Matrix& B = problem.target_moments();
  const Matrix& W = result.coefficients;
  const double rounding = epsilon * (16.0 + std::sqrt(static_cast<double>(problem.rows())));
  const double size =
      std::sqrt(2.0 * H.triangularView<Eigen::Lower>().toDenseMatrix().squaredNorm());
  Matrix HW = H.selfadjointView<Eigen::Lower>() * W;
  HW += W * alphas.asDiagonal();
  const Matrix G = B - HW;
  const Matrix P = factors.solve(G);
  result.value.resize(W.cols());
  result.certificate.resize(W.cols());
  for (Index t = 0; t < W.cols(); ++t) {
    const double at_zero = problem.target_squares()[t];
    result.value[t] = at_zero - W.col(t).dot(B.col(t) + G.col(t));
    const double error = rounding * (size * W.col(t).norm() + B.col(t).norm());
    const double gap = 2.0 * (std::max(0.0, G.col(t).dot(P.col(t))) + error * error / alphas[t]);
    result.certificate[t] = relative_certificate(gap, result.value[t], at_zero);
    if (!(alphas[t] > 0.0) || result.value[t] < 1e4 * rounding * at_zero) return false;
  }
  return within(result.certificate, tolerance);
}

/// Value and certificate at the coefficients, and P = M^-1 g for minus half the gradient g. `slack`
/// is such that M <= slack H: the gap g . H^-1 g is at most slack times g . P.
Vector measure_refined(RidgeProblem& problem, const Vector& alphas, const Factors& factors,
                       double slack, RidgeResult& result, Matrix& P) {
  Matrix G;
  problem.residual_moments(result.coefficients, G, result.value);
  G -= result.coefficients * alphas.asDiagonal();
  result.value += alphas.cwiseProduct(result.coefficients.colwise().squaredNorm().transpose());
  P = factors.solve(G);
  const Vector gaps = slack * G.cwiseProduct(P).colwise().sum().transpose().cwiseMax(0.0);
  result.certificate.resize(alphas.size());
  for (Index t = 0; t < alphas.size(); ++t) {
    result.certificate[t] =
        relative_certificate(gaps[t], result.value[t], problem.target_squares()[t]);
  }
  return gaps;
}

/// Iterative refinement: it removes the squared condition number from the error.
void refine(RidgeProblem& problem, const Vector& alphas, const Factors& factors, double tolerance,
            RidgeResult& result) {
  Matrix P;
  Vector best = Vector::Constant(alphas.size(), infinity);
  Vector best_value;
  Matrix kept = result.coefficients;
  for (;; ++result.n_iter) {
    measure_refined(problem, alphas, factors, 1.0, result, P);
    const bool better = result.certificate.sum() < 0.25 * best.sum();
    // At least one step: it brings the coefficients, not only the objective, to full accuracy.
    if (result.n_iter > 1 && within(result.certificate, tolerance)) return;
    if (!better || result.n_iter >= 5) {
      if (result.certificate.sum() > best.sum()) {
        result.coefficients = kept;
        result.certificate = best;
        result.value = best_value;
      }
      return;
    }
    best = result.certificate;
    best_value = result.value;
    kept = result.coefficients;
    result.coefficients += P;
  }
}

/// Refinement with a matrix in single precision; false where the data do not suit it.
///
/// As |M - H| <= M / 5, a step shortens the error in the norm of H by a factor of four at least:
/// the last certificate holds for the coefficients after one more step. In practice the factor is
/// far smaller, about the first step's size against that of the coefficients, so that one step is
/// enough where that is below 1e-6.
bool refine_in_single(RidgeProblem& problem, const Vector& alphas, double tolerance,
                      RidgeResult& result) {
  Matrix M;
  // Certificates below that need every digit of double.
  if (tolerance < 1e-14) return false;
  if (!problem.single_gram(alphas.minCoeff(), M)) return false;
  const Factors factors(M, alphas);
  if (!factors.ok()) return false;
  const Matrix& B = problem.target_moments();
  result.coefficients = factors.solve(B);
  constexpr double slack = 1.25;
  const Vector sizes = result.coefficients.cwiseProduct(B).colwise().sum();
  for (result.n_iter = 1; result.n_iter <= 3; ++result.n_iter) {
    Matrix P;
    const Vector gaps = measure_refined(problem, alphas, factors, slack, result, P);
    const bool exact = result.n_iter > 1 || (gaps.array() <= 1e-12 * sizes.array()).all();
    result.coefficients += P;
    // What the step promises and keeps up to a fifth, which for a perfect fit is more than all.
    result.value = (result.value - gaps / slack).cwiseMax(0.0);
    if (exact && within(result.certificate, tolerance)) {
      ++result.n_iter;
      const double noise = 2.0 * Design::single_precision_loss(M.rows());
      result.conditioning =
          describe(factors, alphas, {M, column_floor(problem, M, noise), true, gram_work(problem)});
      return result.coefficients.allFinite();
    }
  }
  return false;
}

}  // namespace

RidgeResult ridge_cholesky(RidgeProblem& problem, const Vector& alphas,
                           const RidgeOptions& options) {
  RidgeResult result;
  if (refine_in_single(problem, alphas, options.tolerance, result)) {
    result.status = Status::converged;
    result.n_passes = problem.passes();
    return result;
  }
  result = RidgeResult();
  const Factors factors(problem.gram(), alphas);
  result.n_iter = 1;
  if (!factors.ok()) {
    result.status = problem.gram().allFinite() ? Status::precision_limit : Status::not_finite;
  } else {
    result.coefficients = factors.solve(problem.target_moments());
    if (certified_without_data(problem, factors, alphas, options.tolerance, result)) {
      result.status = Status::converged;
    } else {
      refine(problem, alphas, factors, options.tolerance, result);
      result.status = ended(result, options.tolerance);
    }
    const Matrix& G = problem.gram();
    const Vector floor = column_floor(problem, G, rounding_floor(G.rows()));
    result.conditioning = describe(factors, alphas, {G, floor, false, gram_work(problem)});
  }
  result.n_passes = problem.passes();
  return result;
}

RidgeResult ridge_dual(RidgeProblem& problem, const Matrix& K, const Vector& alphas,
                       const RidgeOptions& options) {
  RidgeResult result;
  const Factors factors(K, alphas);
  if (!factors.ok() || (alphas.array() <= 0.0).any()) {
    result.status = K.allFinite() ? Status::precision_limit : Status::not_finite;
    result.n_passes = problem.passes();
    return result;
  }
  const Index n = problem.rows();
  Vector root = Vector::Ones(n);
  if (problem.weight() != nullptr) root = ConstVectorMap(problem.weight(), n).cwiseSqrt();
  problem.from_dual(factors.solve(root.asDiagonal() * problem.centered_targets()),
                    result.coefficients);
  Matrix G;
  for (result.n_iter = 1;; ++result.n_iter) {
    measure(problem, alphas, result.coefficients, G, result);
    if (within(result.certificate, options.tolerance) || result.n_iter >= 4) break;
    // (Z^T S Z + alpha I)^-1 g by Woodbury's identity.
    Matrix image;
    problem.margins(G, image);
    Matrix correction;
    problem.from_dual(factors.solve(root.asDiagonal() * image), correction);
    correction = (G - correction) * alphas.cwiseInverse().asDiagonal();
    RidgeResult trial = result;
    trial.coefficients += correction;
    measure(problem, alphas, trial.coefficients, G, trial);
    if (!(trial.certificate.sum() < result.certificate.sum())) break;
    result = std::move(trial);
  }
  result.status = ended(result, options.tolerance);
  const double filled = 0.5 * static_cast<double>(n * problem.design().entries());
  const Index null = problem.intercept() ? 1 : 0;  // the square roots of the weights
  result.conditioning =
      describe(factors, alphas, {K, rounding_floor(n) * K.diagonal(), false, filled, null});
  result.n_passes = problem.passes();
  return result;
}

}  // namespace optlite
