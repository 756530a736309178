// Ridge regression: min_W  sum_t sum_i s_i (y_it - b_t - x_i . w_t)^2 + alpha_t |w_t|^2.
//
// The intercept is eliminated by centring, which is never done in memory: with weighted means mu
// and ybar every product below is that of Z = X - 1 mu^T, obtained from passes over X itself.
//
// Certificate. With g = Z^T S (yc - Z w) - alpha w (minus half the gradient) strong convexity gives
//     F(w) - min F  <=  |g|^2 / alpha,
// which is also the duality gap at the scaled residuals. It is reported relative to F(w). Where a
// factorisation of H = Z^T S Z + alpha I is at hand the gap itself is known: g^T H^-1 g.
#pragma once

#include <string>

#include "optlite/core/status.hpp"
#include "optlite/linalg/conditioning.hpp"
#include "optlite/operators/design.hpp"

namespace optlite {

/// The data of a ridge problem and the few passes that its solvers need.
class RidgeProblem {
 public:
  /// y: rows x targets, column-major, copied. weight: null for ones; kept, not copied.
  RidgeProblem(const Design& design, const double* y, Index targets, const double* weight,
               bool intercept);

  const Design& design() const { return design_; }
  Index rows() const { return design_.rows(); }
  Index features() const { return design_.cols(); }
  Index targets() const { return y_.cols(); }
  const double* weight() const { return weight_; }
  double weight_of(Index i) const { return weight_ == nullptr ? 1.0 : weight_[i]; }
  double total_weight() const { return total_weight_; }
  bool intercept() const { return intercept_; }
  /// Centred targets and their weighted means (zeros without an intercept).
  const Matrix& centered_targets() const { return y_; }
  const Vector& target_mean() const { return target_mean_; }
  /// sum_i s_i yc_it^2: the objective at w = 0.
  const Vector& target_squares() const { return target_squares_; }
  Index passes() const { return passes_; }

  /// Weighted column means (zeros without an intercept).
  const Vector& mean();
  /// sum_i s_i z_ij^2: the diagonal of Z^T S Z.
  const Vector& squares();
  /// Lower triangle of Z^T S Z, and as a by-product the means.
  const Matrix& gram();
  /// M = Z^T S Z from products in single precision, at half of gram()'s cost; with H = Z^T S Z +
  /// ridge I, both M + ridge I - H and H - M - ridge I are (in the order of matrices) at most a
  /// fifth of M + ridge I. False where the data do not suit it. The means and target moments come
  /// with the same read of X, in double.
  bool single_gram(double ridge, Matrix& M);
  /// Z^T S yc.
  const Matrix& target_moments();
  Vector target_sums() const;

  /// G = Z^T S (yc - Z W) and loss_t = sum_i s_i r_it^2, in one pass.
  void residual_moments(const Matrix& W, Matrix& G, Vector& loss);
  /// rho = S^(1/2) (yc - Z W) - theta, D = Z^T S^(1/2) theta, and the loss, in one pass.
  void dual_moments(const Matrix& W, const Matrix& theta, Matrix& rho, Matrix& D, Vector& loss);
  /// out = Z^T S Z V in one pass; image = S^(1/2) Z V (rows x m) from the same pass, unless null.
  void normal_product(const Matrix& V, Matrix& out, Matrix* image = nullptr);
  /// Z W (rows x m) and Z^T S^(1/2) C.
  void margins(const Matrix& W, Matrix& out);
  void from_dual(const Matrix& C, Matrix& W);

 private:
  bool suits_single_precision(double ridge, Vector& center, Vector& scale) const;
  void weighted_targets(Index first, Index count, double* block) const;
  Design::Targets wanted_targets();
  void find_moments();
  void use_mean(Vector mean);

  const Design& design_;
  Matrix y_;
  const double* weight_;
  bool intercept_;
  double total_weight_;
  Vector target_mean_;
  Vector target_squares_;
  Vector mean_;
  Vector squares_;
  Matrix gram_;
  Matrix target_moments_;
  Index passes_ = 0;
};

struct RidgeOptions {
  double tolerance = 1e-10;  // on the relative certificate
  double gradient_tolerance = 1;  // conjugate gradients: |g| / |g at w = 0|, preconditioned
  Index max_iterations = 1000;
};

struct RidgeResult {
  Matrix coefficients;  // features x targets
  Vector value;  // F at the coefficients, per target
  Vector certificate;  // relative, per target
  Index n_iter = 0;
  Index n_passes = 0;
  Status status = Status::running;
  Conditioning
      conditioning;  // of the worst target: Z^T S Z + alpha I, or what the solver made of it
};

/// min(gap, F) / F: F >= 0 bounds the gap, and a floor of rounding size keeps perfect fits finite.
double relative_certificate(double gap, double value, double at_zero);

/// Cholesky's factorisation of the normal equations, refined with residuals from X itself.
/// status = precision_limit and no coefficients if the matrix is too ill-conditioned.
RidgeResult ridge_cholesky(RidgeProblem& problem, const Vector& alphas,
                           const RidgeOptions& options);

/// The same in sample space: (K + alpha I) c = S^(1/2) yc with K = S^(1/2) Z Z^T S^(1/2), w =
/// Z^T S^(1/2) c. Needs alpha > 0.
RidgeResult ridge_dual(RidgeProblem& problem, const Matrix& K, const Vector& alphas,
                       const RidgeOptions& options);

/// Conjugate gradients on the normal equations, preconditioned by their diagonal; all targets
/// share each read of X. From zero, without a preconditioner where alpha = 0: minimum norm.
///
/// For wide data with columns of similar size there is no preconditioner either. Then the iterates
/// w = Z^T S^(1/2) a stay in the row space, which spares them the many small eigenvalues outside
/// of it, and with rho = S^(1/2) (yc - Z w) - alpha a the duality gap at alpha a is |rho|^2, far
/// below |g|^2 / alpha.
RidgeResult ridge_conjugate_gradients(RidgeProblem& problem, const Vector& alphas,
                                      const RidgeOptions& options);

/// The same objective subject to w >= 0: projected Newton steps on the free coordinates.
RidgeResult ridge_non_negative(RidgeProblem& problem, const Vector& alphas,
                               const RidgeOptions& options);

/// Leave-one-out results for every alpha.
struct LeaveOneOut {
  Matrix squared_errors;  // alphas x targets: sum_i s_i (y_i - prediction without i)^2
  Matrix squared_residuals;  // alphas x targets: sum_i s_i (y_i - fitted value)^2
  Vector degrees_of_freedom;  // alphas
  Index clipped = 0;  // (row, alpha) pairs with leverage one within rounding
};

/// From Z^T S Z = V diag(e) V^T (V: features x k, all e > 0): leverages and predictions of a block
/// of rows are two products. `errors` receives y_i - prediction without i at [(i * targets + t) *
/// alphas
/// + l] unless null.
LeaveOneOut leave_one_out_primal(RidgeProblem& problem, const Matrix& V, const Vector& e,
                                 const Vector& alphas, double* errors);

/// From K = U diag(e) U^T (U: rows x k, orthogonal to the square roots of the weights if there is
/// an intercept). Rows of weight zero get the error NaN: K does not know them.
LeaveOneOut leave_one_out_dual(RidgeProblem& problem, const Matrix& U, const Vector& e,
                               const Vector& alphas, double* errors);

}  // namespace optlite
