#include <algorithm>
#include <cmath>
#include <vector>

#include "optlite/core/interrupt.hpp"
#include "optlite/linalg/first_residuals.hpp"
#include "ridge_certificate.hpp"

namespace optlite {

namespace {

/// Independent recurrences, one a target, that share the passes over X.
class BlockConjugateGradients {
 public:
  BlockConjugateGradients(RidgeProblem& problem, const Vector& alphas, const RidgeOptions& options)
      : problem_(problem), alphas_(alphas), options_(options) {
    const Index d = problem.features();
    const Index T = problem.targets();
    inverse_.resize(d, T);
    row_space_ = rows_suffice();
    // A penalty lost in rounding selects the solution of minimum norm, as none at all does: only
    // without a preconditioner do the iterates stay in the row space that holds it.
    const double size = static_cast<double>(std::max(problem.rows(), d));
    const double negligible = epsilon * size * problem.squares().maxCoeff();
    for (Index t = 0; t < T; ++t) {
      const bool scaled = !row_space_ && alphas[t] > negligible;
      for (Index j = 0; j < d; ++j) {
        inverse_(j, t) = scaled ? 1.0 / (problem.squares()[j] + alphas[t]) : 1.0;
      }
    }
    dual_residual_.resize(0, T);
    if (row_space_) {
      dual_residual_ = problem.centered_targets();
      if (problem.weight() != nullptr) {
        const ConstVectorMap weight(problem.weight(), problem.rows());
        dual_residual_ = weight.cwiseSqrt().asDiagonal() * dual_residual_;
      }
      dual_.setZero(problem.rows(), T);
    }
    result_.coefficients.setZero(d, T);
    residual_ = problem.target_moments();
    result_.value = problem.target_squares();
    start_ = inverse_.cwiseProduct(residual_).cwiseProduct(residual_).colwise().sum();
    result_.certificate.resize(T);
    ritz_.resize(static_cast<std::size_t>(T));
    const Index numbers = (d + dual_residual_.rows()) * std::max<Index>(T, 1);
    room_ = FirstResiduals::affordable(problem.design().entries(), numbers);
    orthogonal_ = static_cast<std::size_t>(room_ > 0 ? room_ : 4);
    for (Index t = 0; t < T; ++t) certify(t);
  }

  RidgeResult run() {
    double best = infinity;
    for (int restart = 0; restart < 30; ++restart) {
      descend();
      // The recurrence drifts from the truth: what counts is measured on X.
      if (result_.n_iter > 0) measure_truth();
      if (!result_.coefficients.allFinite()) {
        result_.status = Status::not_finite;
        break;
      }
      if (all_done()) {
        result_.status = Status::converged;
        break;
      }
      if (result_.n_iter >= options_.max_iterations) {
        result_.status = Status::iteration_limit;
        break;
      }
      double worst = 0.0;
      for (Index t = 0; t < alphas_.size(); ++t) worst = std::max(worst, excess(t));
      if (!(worst < 0.5 * best) && room_ > 0) {
        // What keeps residuals orthogonal is not taken from those of the coefficients: once more
        // without, before rounding is blamed.
        room_ = 0;
      } else if (!(worst < 0.5 * best)) {
        result_.status = within(result_.certificate, options_.tolerance) ? Status::converged
                                                                         : Status::precision_limit;
        break;
      }
      best = worst;
    }
    if (result_.status == Status::running) result_.status = Status::precision_limit;
    describe();
    result_.n_passes = problem_.passes();
    return std::move(result_);
  }

 private:
  /// The Ritz values of each target's first run lie inside the spectrum of its preconditioned
  /// matrix. Those above the largest alpha / diagonal are not due to the penalty alone (Weyl): no
  /// more of them than the rank of the columns. Rounding repeats Ritz values, some not quite: only
  /// the first steps, whose residuals are orthogonal, are counted.
  void describe() {
    Index rank = 0;
    double condition = 0.0;
    for (Index t = 0; t < alphas_.size(); ++t) {
      const RitzValues& own = ritz_[static_cast<std::size_t>(t)];
      if (own.empty()) continue;
      const Spectrum spectrum = own.spectrum();
      condition = std::max(condition, spectrum.condition_number());
      const double size = static_cast<double>(std::max(problem_.rows(), problem_.features()));
      const double due = alphas_[t] * inverse_.col(t).maxCoeff();
      rank = std::max(
          rank, own.head(orthogonal_)
                    .count_above((1.0 + 1e-6) * due + 4.0 * epsilon * size * spectrum.largest));
    }
    if (condition > 0.0) result_.conditioning.set_condition(condition, Trust::lower_bound);
    if (rank > 0) result_.conditioning.set_rank(rank, Trust::lower_bound);
  }

  /// Wide, and no column much larger than another.
  bool rows_suffice() const {
    const Vector& squares = problem_.squares();
    const double alpha = alphas_.minCoeff();
    return problem_.rows() <= problem_.features() &&
           squares.maxCoeff() + alpha <= 10.0 * (squares.minCoeff() + alpha);
  }

  void measure_truth() {
    if (!row_space_) {
      measure(problem_, alphas_, result_.coefficients, residual_, result_);
      return;
    }
    const Vector bounds = measure_dual();
    // The gradient takes another pass: where it is asked for, or where work goes on from it.
    if (!std::isfinite(options_.gradient_tolerance) && all_done()) return;
    measure(problem_, alphas_, result_.coefficients, residual_, result_);
    result_.certificate = result_.certificate.cwiseMin(bounds);
  }

  /// Values, rho, and as certificates the gaps at theta = alpha a, for any a:
  ///     |rho|^2 + alpha |w - Z^T S^(1/2) a|^2.
  Vector measure_dual() {
    const Matrix theta = dual_ * alphas_.asDiagonal();
    Matrix back;
    problem_.dual_moments(result_.coefficients, theta, dual_residual_, back, result_.value);
    for (Index t = 0; t < alphas_.size(); ++t) {
      const Vector penalty = alphas_[t] * result_.coefficients.col(t);
      result_.value[t] += penalty.dot(result_.coefficients.col(t));
      const double apart =
          alphas_[t] > 0.0 ? (penalty - back.col(t)).squaredNorm() / alphas_[t] : infinity;
      result_.certificate[t] = relative_certificate(dual_residual_.col(t).squaredNorm() + apart,
                                                    result_.value[t], problem_.target_squares()[t]);
    }
    return result_.certificate;
  }

  void certify(Index t) {
    double gap = gradient_gap(residual_.col(t), alphas_[t],
                              [&]() -> const Vector& { return problem_.squares(); });
    if (row_space_) gap = std::min(gap, dual_residual_.col(t).squaredNorm());
    result_.certificate[t] =
        relative_certificate(gap, result_.value[t], problem_.target_squares()[t]);
  }

  /// How far a target is from its tolerances: at most one when done.
  double excess(Index t) const {
    const double squared = options_.gradient_tolerance * options_.gradient_tolerance;
    const double left = inverse_.col(t).cwiseProduct(residual_.col(t)).dot(residual_.col(t));
    const double by_gradient = start_[t] > 0.0 ? left / (squared * start_[t]) : 0.0;
    const double tolerance = std::max(options_.tolerance, std::numeric_limits<double>::min());
    return std::max(result_.certificate[t] / tolerance, by_gradient);
  }

  bool done(Index t) const { return excess(t) <= 1.0; }
  bool all_done() const {
    for (Index t = 0; t < alphas_.size(); ++t) {
      if (!done(t)) return false;
    }
    return true;
  }

  void descend() {
    const Index d = problem_.features();
    std::vector<Index> active;
    for (Index t = 0; t < alphas_.size(); ++t) {
      if (!done(t)) active.push_back(t);
    }
    Matrix P(d, static_cast<Index>(active.size()));
    Vector rz(P.cols());
    first_run_ = result_.n_iter == 0;
    momentum_.setZero(alphas_.size());
    first_residuals_.assign(static_cast<std::size_t>(alphas_.size()), FirstResiduals(room_));
    for (Index k = 0; k < P.cols(); ++k) {
      const Index t = active[static_cast<std::size_t>(k)];
      P.col(k) = inverse_.col(t).cwiseProduct(residual_.col(t));
      rz[k] = P.col(k).dot(residual_.col(t));
      keep_residual(t, rz[k]);
    }
    Matrix Q;  // P = Z^T S^(1/2) Q
    if (row_space_) Q = dual_residual_(Eigen::all, active);
    Matrix HP;
    Matrix image;
    while (!active.empty() && result_.n_iter < options_.max_iterations) {
      problem_.normal_product(P, HP, row_space_ ? &image : nullptr);
      ++result_.n_iter;
      std::vector<Index> kept;
      for (Index k = 0; k < P.cols(); ++k) {
        const Index t = active[static_cast<std::size_t>(k)];
        if (advance(t, k, P, HP, Q, image, rz)) kept.push_back(k);
      }
      if (static_cast<Index>(kept.size()) < P.cols()) {
        std::vector<Index> left;
        for (const Index k : kept) left.push_back(active[static_cast<std::size_t>(k)]);
        active = std::move(left);
        P = Matrix(P(Eigen::all, kept));
        if (row_space_) Q = Matrix(Q(Eigen::all, kept));
        rz = Vector(rz(kept));
      }
      interrupt::poll();
    }
  }

  /// One step of target t, in column k; false when it has ended. P, Q and rz become those of the
  /// next step.
  bool advance(Index t, Index k, Matrix& P, const Matrix& HP, Matrix& Q, const Matrix& image,
               Vector& rz) {
    const double curvature = P.col(k).dot(HP.col(k)) + alphas_[t] * P.col(k).squaredNorm();
    if (!(curvature > 0.0) || !std::isfinite(curvature)) return false;
    const double step = rz[k] / curvature;
    if (first_run_) ritz_[static_cast<std::size_t>(t)].add(step, momentum_[t]);
    result_.coefficients.col(t) += step * P.col(k);
    residual_.col(t) -= step * (HP.col(k) + alphas_[t] * P.col(k));
    if (row_space_) {
      dual_.col(t) += step * Q.col(k);
      dual_residual_.col(t) -= step * (image.col(k) + alphas_[t] * Q.col(k));
    }
    result_.value[t] = std::max(0.0, result_.value[t] - step * rz[k]);
    first_residuals_[static_cast<std::size_t>(t)].orthogonalise(
        inverse_.col(t).cwiseProduct(residual_.col(t)), residual_.col(t), dual_residual_.col(t));
    certify(t);
    if (done(t)) return false;
    const double next = inverse_.col(t).cwiseProduct(residual_.col(t)).dot(residual_.col(t));
    if (!(next > 0.0) || !std::isfinite(next)) return false;
    const double momentum = next / rz[k];
    momentum_[t] = momentum;
    P.col(k) = inverse_.col(t).cwiseProduct(residual_.col(t)) + momentum * P.col(k);
    if (row_space_) Q.col(k) = dual_residual_.col(t) + momentum * Q.col(k);
    rz[k] = next;
    keep_residual(t, next);
    return true;
  }

  void keep_residual(Index t, double square) {
    FirstResiduals& kept = first_residuals_[static_cast<std::size_t>(t)];
    if (!kept.full()) kept.keep(residual_.col(t), dual_residual_.col(t), square);
  }

  RidgeProblem& problem_;
  const Vector& alphas_;
  const RidgeOptions& options_;
  Matrix inverse_;   // of the preconditioner's diagonal
  Matrix residual_;  // minus half the gradient
  Vector start_;     // squared preconditioned norm of the residual at zero
  bool row_space_ = false;
  Matrix dual_;           // a
  Matrix dual_residual_;  // rho; without rows unless row_space_
  std::vector<RitzValues> ritz_;  // one a target
  std::size_t orthogonal_ = 0;  // first steps, whose residuals are
  Index room_ = 0;  // for first residuals
  std::vector<FirstResiduals> first_residuals_;  // one a target
  Vector momentum_;               // that made the present directions
  bool first_run_ = true;
  RidgeResult result_;
};

}  // namespace

RidgeResult ridge_conjugate_gradients(RidgeProblem& problem, const Vector& alphas,
                                      const RidgeOptions& options) {
  return BlockConjugateGradients(problem, alphas, options).run();
}

}  // namespace optlite
