#include "optlite/drivers/ridge.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <vector>

#include "optlite/core/parallel.hpp"
#include "optlite/penalties/concept.hpp"

namespace optlite {

namespace {

/// Sums of block tables (blocks x values), pairwise: rounding grows with log(blocks).
Vector sum_rows(Matrix table) {
  Index size = table.rows();
  if (size == 0) return Vector::Zero(table.cols());
  while (size > 1) {
    const Index half = size / 2;
    for (Index i = 0; i < half; ++i) table.row(i) = table.row(2 * i) + table.row(2 * i + 1);
    if (size % 2 == 1) table.row(half) = table.row(size - 1);
    size = half + size % 2;
  }
  return table.row(0);
}

/// Mean of a spread-out sample of the rows: close enough to the true mean that the Gram matrix
/// about it can be moved to the true mean without cancellation.
Vector pilot_mean(const Design& design) {
  const Index n = design.rows();
  const Index count = std::min<Index>(n, 128);
  std::vector<Index> rows(static_cast<std::size_t>(count));
  for (Index i = 0; i < count; ++i) rows[static_cast<std::size_t>(i)] = n * i / count;
  Vector sums;
  Vector squares;
  Vector center;
  design.gather(rows)->moments(nullptr, sums, squares, center);
  return center;
}

bool is_dense(const Design& design) { return design.entries() == design.rows() * design.cols(); }

}  // namespace

// ---- The problem -------------------------------------------------------------------------------

RidgeProblem::RidgeProblem(const Design& design, const double* y, Index targets,
                           const double* weight, bool intercept)
    : design_(design),
      y_(ConstMatrixMap(y, design.rows(), targets)),
      weight_(weight),
      intercept_(intercept) {
  const Index n = rows();
  total_weight_ = 0.0;
  for (Index i = 0; i < n; ++i) total_weight_ += weight_of(i);
  target_mean_.setZero(targets);
  target_squares_.resize(targets);
  for (Index t = 0; t < targets; ++t) {
    auto column = y_.col(t);
    if (intercept_) {
      // About the first value, so that a large common shift does not cancel.
      const double base = column[0];
      double sum = 0.0;
      for (Index i = 0; i < n; ++i) sum += weight_of(i) * (column[i] - base);
      target_mean_[t] = base + sum / total_weight_;
      column.array() -= target_mean_[t];
    }
    target_squares_[t] = weight == nullptr ? column.squaredNorm()
                                           : column.cwiseAbs2().dot(ConstVectorMap(weight, n));
  }
}

void RidgeProblem::use_mean(Vector mean) {
  mean_ = intercept_ ? std::move(mean) : Vector(Vector::Zero(features()));
}

void RidgeProblem::find_moments() {
  Vector sums;
  Vector center;
  design_.moments(weight_, sums, squares_, center);
  ++passes_;
  if (!intercept_) squares_ += total_weight_ * center.cwiseAbs2();
  use_mean(std::move(center));
}

const Vector& RidgeProblem::mean() {
  if (mean_.size() == 0 && features() > 0) {
    if (intercept_) find_moments();
    else use_mean(Vector());
  }
  return mean_;
}

const Vector& RidgeProblem::squares() {
  if (squares_.size() == 0) {
    if (gram_.size() > 0) squares_ = gram_.diagonal();
    else find_moments();
  }
  return squares_;
}

const Matrix& RidgeProblem::gram() {
  if (gram_.size() > 0) return gram_;
  const Index d = features();
  // X^T y comes with the same read of X.
  const bool with_targets = target_moments_.size() == 0 && targets() <= 16;
  const Design::Targets wanted{y_.data(), targets(), &target_moments_};
  const Design::Targets* targets_too = with_targets ? &wanted : nullptr;
  if (!intercept_) {
    design_.weighted_gram({weight_, nullptr, nullptr, false, false, targets_too}, gram_);
    ++passes_;
    return gram_;
  }
  // The border of ones yields the means in the same read; then a rank-one correction centres.
  Vector shift = mean_.size() > 0    ? mean_
                 : is_dense(design_) ? pilot_mean(design_)
                                     : Vector(Vector::Zero(d));
  for (int attempt = 0; attempt < 2; ++attempt) {
    Matrix bordered;
    design_.weighted_gram({weight_, shift.data(), nullptr, true, false, targets_too}, bordered);
    ++passes_;
    const Vector moved = bordered.row(d).head(d).transpose() / total_weight_;
    gram_ = bordered.topLeftCorner(d, d);
    gram_.selfadjointView<Eigen::Lower>().rankUpdate(moved, -total_weight_);
    const Vector before = bordered.diagonal().head(d);
    const bool cancelled =
        is_dense(design_) && (gram_.diagonal().array() < 1e-4 * before.array()).any();
    shift += moved;
    if (with_targets) target_moments_.noalias() -= moved * target_sums().transpose();
    if (!cancelled) break;  // else the sample was misleading: repeat about the mean just found
  }
  gram_.diagonal() = gram_.diagonal().cwiseMax(0.0);
  use_mean(std::move(shift));
  return gram_;
}

const Matrix& RidgeProblem::target_moments() {
  if (target_moments_.size() > 0) return target_moments_;
  const Index m = targets();
  target_moments_.resize(features(), m);
  design_.pass(
      nullptr, 0, m,
      [&](Index first, Index count, double* block) {
        MatrixMap r(block, count, m);
        r = y_.middleRows(first, count);
        if (weight_ != nullptr) r = ConstVectorMap(weight_ + first, count).asDiagonal() * r;
      },
      target_moments_.data());
  ++passes_;
  if (!intercept_) return target_moments_;
  target_moments_.noalias() -= mean() * target_sums().transpose();
  return target_moments_;
}

/// The weighted sums of the centred targets: zero up to rounding, which a large mean of X would
/// multiply.
Vector RidgeProblem::target_sums() const {
  Vector sums(targets());
  for (Index t = 0; t < targets(); ++t) {
    sums[t] = weight_ == nullptr ? y_.col(t).sum() : y_.col(t).dot(ConstVectorMap(weight_, rows()));
  }
  return sums;
}

void RidgeProblem::residual_moments(const Matrix& W, Matrix& G, Vector& loss) {
  const Index m = W.cols();
  const Vector offset = W.transpose() * mean();
  Matrix sums(design_.blocks(), m);
  Matrix squared(design_.blocks(), m);
  G.resize(features(), m);
  design_.pass(
      W.data(), m, m,
      [&](Index first, Index count, double* block) {
        const Index b = first / design_.block_rows();
        const double* s = weight_ == nullptr ? nullptr : weight_ + first;
        for (Index t = 0; t < m; ++t) {
          double* z = block + t * count;
          const double* y = y_.data() + first + t * rows();
          double sum = 0.0;
          double square = 0.0;
          for (Index i = 0; i < count; ++i) {
            const double r = y[i] - (z[i] - offset[t]);
            const double weighted = s == nullptr ? r : s[i] * r;
            square += weighted * r;
            sum += weighted;
            z[i] = weighted;
          }
          sums(b, t) = sum;
          squared(b, t) = square;
        }
      },
      G.data());
  ++passes_;
  loss = sum_rows(std::move(squared));
  if (intercept_) G.noalias() -= mean_ * sum_rows(std::move(sums)).transpose();
}

void RidgeProblem::normal_product(const Matrix& V, Matrix& out, Matrix* image) {
  const Index m = V.cols();
  const Vector offset = V.transpose() * mean();
  Matrix sums(design_.blocks(), m);
  out.resize(features(), m);
  if (image != nullptr) image->resize(rows(), m);
  design_.pass(
      V.data(), m, m,
      [&](Index first, Index count, double* block) {
        const Index b = first / design_.block_rows();
        const double* s = weight_ == nullptr ? nullptr : weight_ + first;
        for (Index t = 0; t < m; ++t) {
          double* z = block + t * count;
          double sum = 0.0;
          for (Index i = 0; i < count; ++i) {
            const double margin = z[i] - offset[t];
            if (image != nullptr) {
              (*image)(first + i, t) = s == nullptr ? margin : std::sqrt(s[i]) * margin;
            }
            z[i] = s == nullptr ? margin : s[i] * margin;
            sum += z[i];
          }
          sums(b, t) = sum;
        }
      },
      out.data());
  ++passes_;
  if (intercept_) out.noalias() -= mean_ * sum_rows(std::move(sums)).transpose();
}

void RidgeProblem::margins(const Matrix& W, Matrix& out) {
  const Index m = W.cols();
  const Vector offset = W.transpose() * mean();
  out.resize(rows(), m);
  design_.pass(
      W.data(), m, 0,
      [&](Index first, Index count, double* block) {
        out.middleRows(first, count) =
            ConstMatrixMap(block, count, m).rowwise() - offset.transpose();
      },
      nullptr);
  ++passes_;
}

void RidgeProblem::from_dual(const Matrix& C, Matrix& W) {
  const Index m = C.cols();
  Matrix sums(design_.blocks(), m);
  W.resize(features(), m);
  design_.pass(
      nullptr, 0, m,
      [&](Index first, Index count, double* block) {
        MatrixMap r(block, count, m);
        r = C.middleRows(first, count);
        if (weight_ != nullptr) {
          r = ConstVectorMap(weight_ + first, count).cwiseSqrt().asDiagonal() * r;
        }
        // A plain loop: Eigen's sum() starts at the first aligned address, and the scratch moves.
        for (Index t = 0; t < m; ++t) {
          double sum = 0.0;
          for (Index i = 0; i < count; ++i) sum += r(i, t);
          sums(first / design_.block_rows(), t) = sum;
        }
      },
      W.data());
  ++passes_;
  if (intercept_) W.noalias() -= mean() * sum_rows(std::move(sums)).transpose();
}

// ---- Certificates ------------------------------------------------------------------------------

double relative_certificate(double gap, double value, double at_zero) {
  if (!std::isfinite(gap) || !std::isfinite(value)) return infinity;
  const double floor = epsilon * at_zero;
  const double bound = std::min(gap, std::max(value, 0.0));
  return bound > 0.0 ? bound / std::max({value, floor, std::numeric_limits<double>::min()}) : 0.0;
}

namespace {

/// |g|^2 / alpha; without a penalty the decrease that the diagonal of H promises, a measure but no
/// bound. The diagonal is asked for only then.
template <class Diagonal>
double gradient_gap(const Vector& g, double alpha, Diagonal&& get_diagonal) {
  if (alpha > 0.0) return g.squaredNorm() / alpha;
  const Vector& diagonal = get_diagonal();
  double sum = 0.0;
  for (Index j = 0; j < g.size(); ++j) {
    if (diagonal[j] > 0.0) sum += g[j] * g[j] / diagonal[j];
  }
  return sum;
}

/// Value, certificate and minus half the gradient at W, from X itself.
void measure(RidgeProblem& problem, const Vector& alphas, const Matrix& W, Matrix& G,
             RidgeResult& result) {
  problem.residual_moments(W, G, result.value);
  result.certificate.resize(W.cols());
  for (Index t = 0; t < W.cols(); ++t) {
    G.col(t) -= alphas[t] * W.col(t);
    result.value[t] += alphas[t] * W.col(t).squaredNorm();
    const double gap =
        gradient_gap(G.col(t), alphas[t], [&]() -> const Vector& { return problem.squares(); });
    result.certificate[t] = relative_certificate(gap, result.value[t], problem.target_squares()[t]);
  }
}

bool within(const Vector& certificate, double tolerance) {
  return (certificate.array() <= tolerance).all();
}

Status ended(const RidgeResult& result, double tolerance) {
  if (!result.coefficients.allFinite()) return Status::not_finite;
  return within(result.certificate, tolerance) ? Status::converged : Status::precision_limit;
}

/// One factorisation for each distinct alpha.
class Factors {
 public:
  /// Lower triangle of H, without the penalty. ok() is false if one is numerically singular.
  Factors(const Matrix& H, const Vector& alphas) : index_(static_cast<std::size_t>(alphas.size())) {
    std::vector<double> seen;
    for (Index t = 0; t < alphas.size() && ok_; ++t) {
      const auto place = std::find(seen.begin(), seen.end(), alphas[t]);
      index_[static_cast<std::size_t>(t)] = static_cast<std::size_t>(place - seen.begin());
      if (place != seen.end()) continue;
      seen.push_back(alphas[t]);
      Matrix shifted = H;
      shifted.diagonal().array() += alphas[t];
      const Vector diagonal = shifted.diagonal();
      factors_.emplace_back(std::move(shifted));
      interrupt::poll();
      ok_ = usable(factors_.back(), diagonal);
    }
  }

  bool ok() const { return ok_; }
  Matrix solve(const Matrix& B) const {
    Matrix X(B.rows(), B.cols());
    for (Index t = 0; t < B.cols(); ++t) {
      X.col(t) = factors_[index_[static_cast<std::size_t>(t)]].solve(B.col(t));
    }
    return X;
  }

 private:
  /// A pivot is the share of a column that the columns before it do not explain.
  static bool usable(const Eigen::LLT<Matrix>& factor, const Vector& diagonal) {
    if (factor.info() != Eigen::Success) return false;
    const double floor = 64.0 * epsilon * static_cast<double>(diagonal.size());
    const Vector pivots = factor.matrixLLT().diagonal().cwiseAbs2();
    return pivots.allFinite() && (pivots.array() > floor * diagonal.array()).all();
  }

  std::vector<Eigen::LLT<Matrix>> factors_;
  std::vector<std::size_t> index_;
  bool ok_ = true;
};

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

}  // namespace

// ---- Direct solvers ----------------------------------------------------------------------------

RidgeResult ridge_cholesky(RidgeProblem& problem, const Vector& alphas,
                           const RidgeOptions& options) {
  RidgeResult result;
  const Factors factors(problem.gram(), alphas);
  if (!factors.ok()) {
    result.status = problem.gram().allFinite() ? Status::precision_limit : Status::not_finite;
    result.n_passes = problem.passes();
    return result;
  }
  result.coefficients = factors.solve(problem.target_moments());
  result.n_iter = 1;
  if (certified_without_data(problem, factors, alphas, options.tolerance, result)) {
    result.status = Status::converged;
  } else {
    // Iterative refinement: it removes the squared condition number from the error.
    Matrix G;
    Vector best = Vector::Constant(alphas.size(), infinity);
    Matrix kept = result.coefficients;
    for (;; ++result.n_iter) {
      problem.residual_moments(result.coefficients, G, result.value);
      G -= result.coefficients * alphas.asDiagonal();
      result.value += alphas.cwiseProduct(result.coefficients.colwise().squaredNorm().transpose());
      const Matrix P = factors.solve(G);
      for (Index t = 0; t < alphas.size(); ++t) {
        result.certificate[t] = relative_certificate(std::max(0.0, G.col(t).dot(P.col(t))),
                                                     result.value[t], problem.target_squares()[t]);
      }
      const bool better = result.certificate.sum() < 0.25 * best.sum();
      // At least one step: it brings the coefficients, not only the objective, to full accuracy.
      if (result.n_iter > 1 && within(result.certificate, options.tolerance)) break;
      if (!better || result.n_iter >= 5) {
        if (result.certificate.sum() > best.sum()) {
          result.coefficients = kept;
          result.certificate = best;
        }
        break;
      }
      best = result.certificate;
      kept = result.coefficients;
      result.coefficients += P;
    }
    result.status = ended(result, options.tolerance);
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
  result.n_passes = problem.passes();
  return result;
}

// ---- Conjugate gradients -----------------------------------------------------------------------

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
    if (row_space_) {
      dual_residual_ = problem.centered_targets();
      if (problem.weight() != nullptr) {
        const ConstVectorMap weight(problem.weight(), problem.rows());
        dual_residual_ = weight.cwiseSqrt().asDiagonal() * dual_residual_;
      }
    }
    result_.coefficients.setZero(d, T);
    residual_ = problem.target_moments();
    result_.value = problem.target_squares();
    start_ = inverse_.cwiseProduct(residual_).cwiseProduct(residual_).colwise().sum();
    result_.certificate.resize(T);
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
      if (!(worst < 0.5 * best)) {
        result_.status = within(result_.certificate, options_.tolerance) ? Status::converged
                                                                         : Status::precision_limit;
        break;
      }
      best = worst;
    }
    if (result_.status == Status::running) result_.status = Status::precision_limit;
    result_.n_passes = problem_.passes();
    return std::move(result_);
  }

 private:
  /// Wide, and no column much larger than another.
  bool rows_suffice() const {
    const Vector& squares = problem_.squares();
    const double alpha = alphas_.minCoeff();
    return problem_.rows() <= problem_.features() &&
           squares.maxCoeff() + alpha <= 10.0 * (squares.minCoeff() + alpha);
  }

  void measure_truth() {
    measure(problem_, alphas_, result_.coefficients, residual_, result_);
    if (!row_space_) return;
    // The gap at theta = r - rho for any rho: |rho|^2 + |Z^T S^(1/2) rho - g|^2 / alpha.
    Matrix back;
    problem_.from_dual(dual_residual_, back);
    for (Index t = 0; t < alphas_.size(); ++t) {
      if (!(alphas_[t] > 0.0)) continue;
      const double gap = dual_residual_.col(t).squaredNorm() +
                         (back.col(t) - residual_.col(t)).squaredNorm() / alphas_[t];
      const double bound =
          relative_certificate(gap, result_.value[t], problem_.target_squares()[t]);
      result_.certificate[t] = std::min(result_.certificate[t], bound);
    }
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
    for (Index k = 0; k < P.cols(); ++k) {
      const Index t = active[static_cast<std::size_t>(k)];
      P.col(k) = inverse_.col(t).cwiseProduct(residual_.col(t));
      rz[k] = P.col(k).dot(residual_.col(t));
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
    result_.coefficients.col(t) += step * P.col(k);
    residual_.col(t) -= step * (HP.col(k) + alphas_[t] * P.col(k));
    if (row_space_) dual_residual_.col(t) -= step * (image.col(k) + alphas_[t] * Q.col(k));
    result_.value[t] = std::max(0.0, result_.value[t] - step * rz[k]);
    certify(t);
    if (done(t)) return false;
    const double next = inverse_.col(t).cwiseProduct(residual_.col(t)).dot(residual_.col(t));
    if (!(next > 0.0) || !std::isfinite(next)) return false;
    const double momentum = next / rz[k];
    P.col(k) = inverse_.col(t).cwiseProduct(residual_.col(t)) + momentum * P.col(k);
    if (row_space_) Q.col(k) = dual_residual_.col(t) + momentum * Q.col(k);
    rz[k] = next;
    return true;
  }

  RidgeProblem& problem_;
  const Vector& alphas_;
  const RidgeOptions& options_;
  Matrix inverse_;   // of the preconditioner's diagonal
  Matrix residual_;  // minus half the gradient
  Vector start_;     // squared preconditioned norm of the residual at zero
  bool row_space_ = false;
  Matrix dual_residual_;  // rho; empty unless row_space_
  RidgeResult result_;
};

}  // namespace

RidgeResult ridge_conjugate_gradients(RidgeProblem& problem, const Vector& alphas,
                                      const RidgeOptions& options) {
  return BlockConjugateGradients(problem, alphas, options).run();
}

// ---- Non-negative coefficients -----------------------------------------------------------------

namespace {

/// Projected Newton (Bertsekas, 1982) for one target: Newton's direction on the coordinates that
/// are free, a scaled gradient on those held at zero, and a search along the projected arc. Once
/// the set of zeros is right, one step ends at the exact solution.
class NonNegative {
 public:
  NonNegative(RidgeProblem& problem, Index target, double alpha, const RidgeOptions& options)
      : problem_(problem),
        alpha_(alpha),
        options_(options),
        at_zero_(problem.target_squares()[target]),
        penalty_(*find_by_name(penalty_table(), "non_negative")),
        small_(problem.features() <= 3000) {
    w = Vector::Zero(problem.features());
    gradient_ = -problem.target_moments().col(target);
    diagonal_ = problem.squares().array() + alpha;
    value = at_zero_;
  }

  Vector w;
  double value;
  double certificate = infinity;
  Index n_iter = 0;
  Status status = Status::running;

  void run() {
    while (true) {
      certify();
      if (certificate <= options_.tolerance) status = Status::converged;
      else if (n_iter >= options_.max_iterations) status = Status::iteration_limit;
      else if (!step()) status = Status::precision_limit;
      if (status != Status::running) return;
      ++n_iter;
      interrupt::poll();
    }
  }

  /// Takes over a gradient and value that were measured on X; true if they call for more steps.
  bool correct(const Vector& negative_gradient, double measured) {
    gradient_ = -negative_gradient;
    value = measured;
    const bool stuck = status != Status::converged;
    certify();
    status = certificate <= options_.tolerance ? Status::converged
             : stuck                           ? status
                                               : Status::running;
    return status == Status::running;
  }

 private:
  /// The smallest subgradient of F + indicator(w >= 0) takes the place of the gradient.
  void certify() {
    Vector distance(w.size());
    for (Index j = 0; j < w.size(); ++j) {
      distance[j] = penalty_.subdifferential_distance({}, w[j], gradient_[j]);
    }
    const double gap = gradient_gap(distance, alpha_, [&]() -> const Vector& { return diagonal_; });
    certificate = relative_certificate(gap, value, at_zero_);
  }

  Vector product(const Vector& v) {
    Matrix out;
    if (small_) out = problem_.gram().selfadjointView<Eigen::Lower>() * v;
    else problem_.normal_product(v, out);
    return out + alpha_ * v;
  }

  bool step() {
    const Vector scaled =
        gradient_.cwiseQuotient(diagonal_.cwiseMax(std::numeric_limits<double>::min()));
    std::vector<Index> free;
    double reach = 0.0;
    for (Index j = 0; j < w.size(); ++j) {
      reach += std::pow(w[j] - penalty_.prox({}, w[j] - scaled[j], 1.0), 2);
    }
    const double near = std::min(std::sqrt(reach), 1e-3 * w.cwiseAbs().maxCoeff());
    for (Index j = 0; j < w.size(); ++j) {
      const bool held = w[j] <= near && gradient_[j] > 0.0;
      if (!held && diagonal_[j] > 0.0) free.push_back(j);
    }
    Vector p = -scaled;
    for (Index j = 0; j < w.size(); ++j) {
      if (!(diagonal_[j] > 0.0)) p[j] = 0.0;
    }
    newton_direction(free, p);
    return search(free, p);
  }

  /// p on the free coordinates = -H_FF^-1 g_F.
  void newton_direction(const std::vector<Index>& free, Vector& p) {
    const Index size = static_cast<Index>(free.size());
    if (size == 0) return;
    if (small_) {
      const Matrix& H = problem_.gram();
      Matrix sub(size, size);
      Vector g(size);
      for (Index b = 0; b < size; ++b) {
        const Index column = free[static_cast<std::size_t>(b)];
        for (Index a = b; a < size; ++a) sub(a, b) = H(free[static_cast<std::size_t>(a)], column);
        sub(b, b) += alpha_;
        g[b] = -gradient_[column];
      }
      const Factors factor(sub, Vector::Zero(1));
      if (factor.ok()) {
        const Vector solution = factor.solve(g);
        for (Index a = 0; a < size; ++a) p[free[static_cast<std::size_t>(a)]] = solution[a];
        return;
      }
    }
    conjugate_gradients(free, p);
  }

  void conjugate_gradients(const std::vector<Index>& free, Vector& p) {
    Vector mask = Vector::Zero(w.size());
    for (const Index j : free) mask[j] = 1.0;
    Vector x = Vector::Zero(w.size());
    Vector r = -gradient_.cwiseProduct(mask);
    Vector inverse = mask;
    for (const Index j : free) inverse[j] = 1.0 / diagonal_[j];
    Vector q = inverse.cwiseProduct(r);
    double rz = r.dot(q);
    // Squared, relative: loose while the set of zeros still changes, tight near the end.
    const double target = rz * std::min(1e-4, 1e-2 * std::max(certificate, options_.tolerance));
    const Index limit = std::min<Index>(2 * static_cast<Index>(free.size()) + 10, 500);
    for (Index k = 0; k < limit && rz > target; ++k) {
      const Vector Hq = product(q).cwiseProduct(mask);
      const double curvature = q.dot(Hq);
      if (!(curvature > 0.0)) break;
      const double t = rz / curvature;
      x += t * q;
      r -= t * Hq;
      const Vector z = inverse.cwiseProduct(r);
      const double next = r.dot(z);
      q = z + (next / rz) * q;
      rz = next;
    }
    for (const Index j : free) p[j] = x[j];
  }

  bool search(const std::vector<Index>& free, const Vector& p) {
    Vector is_free = Vector::Zero(w.size());
    for (const Index j : free) is_free[j] = 1.0;
    double t = 1.0;
    for (int attempt = 0; attempt < 40; ++attempt, t *= 0.5) {
      Vector next(w.size());
      for (Index j = 0; j < w.size(); ++j) next[j] = penalty_.prox({}, w[j] + t * p[j], t);
      const Vector moved = next - w;
      if (moved.cwiseAbs().maxCoeff() == 0.0) return false;
      const Vector image = product(moved);
      const double change = 2.0 * gradient_.dot(moved) + moved.dot(image);
      const double promised = t * gradient_.cwiseProduct(is_free).dot(p) +
                              gradient_.cwiseProduct(Vector::Ones(w.size()) - is_free).dot(moved);
      if (change <= 2e-4 * promised && change < 0.0) {
        w = next;
        gradient_ += image;
        value = std::max(0.0, value + change);
        return true;
      }
    }
    return false;
  }

  RidgeProblem& problem_;
  double alpha_;
  const RidgeOptions& options_;
  double at_zero_;
  const PenaltyRow& penalty_;
  bool small_;        // the Gram matrix fits: factorise it instead of reading X
  Vector gradient_;   // half the gradient of F
  Vector diagonal_;
};

}  // namespace

RidgeResult ridge_non_negative(RidgeProblem& problem, const Vector& alphas,
                               const RidgeOptions& options) {
  if (problem.features() <= 3000) problem.gram();
  std::vector<NonNegative> runs;
  for (Index t = 0; t < alphas.size(); ++t) runs.emplace_back(problem, t, alphas[t], options);
  RidgeResult result;
  result.coefficients.resize(problem.features(), alphas.size());
  bool more = true;
  for (int round = 0; more && round < 5; ++round) {
    for (Index t = 0; t < alphas.size(); ++t) {
      auto& run = runs[static_cast<std::size_t>(t)];
      if (round == 0 || run.status == Status::running) run.run();
      result.coefficients.col(t) = run.w;
    }
    Matrix G;
    measure(problem, alphas, result.coefficients, G, result);
    more = false;
    for (Index t = 0; t < alphas.size(); ++t) {
      more |= runs[static_cast<std::size_t>(t)].correct(G.col(t), result.value[t]);
    }
  }
  result.status = Status::converged;
  result.n_iter = 1;
  for (Index t = 0; t < alphas.size(); ++t) {
    const auto& run = runs[static_cast<std::size_t>(t)];
    result.certificate[t] = run.certificate;
    result.n_iter = std::max(result.n_iter, run.n_iter);
    if (run.certificate > options.tolerance) {
      result.status = run.status == Status::iteration_limit ? run.status : Status::precision_limit;
    }
  }
  result.n_passes = problem.passes();
  return result;
}

// ---- Leave-one-out -----------------------------------------------------------------------------

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
    loo.squared_errors = ConstMatrixMap(sum_rows(errors).data(), targets, alphas).transpose();
    loo.squared_residuals = ConstMatrixMap(sum_rows(residuals).data(), targets, alphas).transpose();
    for (const Index count : clipped) loo.clipped += count;
    return loo;
  }
};

}  // namespace

LeaveOneOut leave_one_out_primal(RidgeProblem& problem, const Matrix& V, const Vector& e,
                                 const Vector& alphas, double* errors) {
  const Design& design = problem.design();
  const Index k = V.cols();
  const Index L = alphas.size();
  const Index T = problem.targets();
  const Matrix D = inverse_shifted(e, alphas);
  const Matrix VtB = V.transpose() * problem.target_moments();
  Matrix C(k, L * T);  // column l T + t: coefficients in the basis V
  for (Index l = 0; l < L; ++l) {
    C.middleCols(l * T, T) = D.col(l).asDiagonal() * VtB;
  }
  const Eigen::RowVectorXd offset = problem.mean().transpose() * V;
  const double constant = problem.intercept() ? 1.0 / problem.total_weight() : 0.0;
  const Matrix& y = problem.centered_targets();
  Tables tables(design.blocks(), L * T);
  design.pass(
      V.data(), k, 0,
      [&](Index first, Index count, double* block) {
        const Index b = first / design.block_rows();
        MatrixMap Q(block, count, k);
        Q.rowwise() -= offset;
        const Matrix fitted = Q * C;
        const Matrix leverage = Q.cwiseAbs2() * D;
        for (Index l = 0; l < L; ++l) {
          for (Index i = 0; i < count; ++i) {
            const double s = problem.weight_of(first + i);
            double left = 1.0 - s * (leverage(i, l) + constant);
            if (left < leverage_floor) {
              left = leverage_floor;
              ++tables.clipped[static_cast<std::size_t>(b)];
            }
            for (Index t = 0; t < T; ++t) {
              const double residual = y(first + i, t) - fitted(i, l * T + t);
              const double error = residual / left;
              tables.errors(b, l * T + t) += s * error * error;
              tables.residuals(b, l * T + t) += s * residual * residual;
              if (errors != nullptr) errors[((first + i) * T + t) * L + l] = error;
            }
          }
        }
      },
      nullptr);
  LeaveOneOut loo = tables.finish(L, T);
  loo.degrees_of_freedom = D.transpose() * e.cwiseMax(0.0);
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
