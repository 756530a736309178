#include <algorithm>
#include <cmath>
#include <vector>

#include "optlite/core/pairwise.hpp"
#include "optlite/drivers/ridge.hpp"
#include "optlite/linalg/cholesky.hpp"

namespace optlite {

namespace {

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
  const Design::Targets wanted = wanted_targets();
  design_.moments(weight_, sums, squares_, center, wanted.count > 0 ? &wanted : nullptr);
  passes_ += wanted.count > 0 && !is_dense(design_) ? 2 : 1;
  if (!intercept_) squares_ += total_weight_ * center.cwiseAbs2();
  use_mean(std::move(center));
  if (intercept_ && wanted.count > 0) {
    target_moments_.noalias() -= mean_ * target_sums().transpose();
  }
}

/// X^T S yc, where another read of X can bring it: unless it is known, or of many targets.
Design::Targets RidgeProblem::wanted_targets() {
  const bool wanted = target_moments_.size() == 0 && targets() <= 16;
  return {y_.data(), wanted ? targets() : 0, &target_moments_};
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
  const Design::Targets wanted = wanted_targets();
  const bool with_targets = wanted.count > 0;
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

namespace {

/// Rows of a Gram matrix in single precision are worth the further reads of X that it costs from
/// this number of columns on, and a number of rows that dwarfs the pilot sample.
constexpr Index single_columns = 48;
constexpr Index single_rows = 20000;

}  // namespace

/// From a pilot sample: whether the columns are far from dependent, so that the errors of
/// single precision are small beside the smallest eigenvalue. Center and scale for the products.
bool RidgeProblem::suits_single_precision(double ridge, Vector& center, Vector& scale) const {
  const Index n = rows();
  const Index d = features();
  Design::Gram gram;
  if (d < single_columns || n < std::max(single_rows, 100 * d) || targets() > 4 ||
      !design_.reads_once(gram)) {
    return false;
  }
  const Index count = 20 * d;
  std::vector<Index> sample(static_cast<std::size_t>(count));
  Vector weights(weight_ == nullptr ? 0 : count);
  for (Index i = 0; i < count; ++i) {
    sample[static_cast<std::size_t>(i)] = n * i / count;
    if (weight_ != nullptr) weights[i] = weight_[n * i / count];
  }
  const auto pilot = design_.gather(sample);
  gram.q = weight_ == nullptr ? nullptr : weights.data();
  Vector sums;
  Vector squares;
  pilot->moments(gram.q, sums, squares, center);
  const double total = weight_ == nullptr ? static_cast<double>(count) : weights.sum();
  const Vector deviation = (squares / total).cwiseSqrt();
  if (!deviation.allFinite() || !(deviation.array() > 0.0).all()) return false;
  // The means are taken from plain sums: a large common shift would cost them digits.
  if (intercept_ && (center.array().abs() > 1e3 * deviation.array()).any()) return false;
  if (!intercept_) center.setZero();
  scale = deviation.unaryExpr([](double x) { return std::exp2(-std::round(std::log2(x))); });
  gram.shift = center.data();
  gram.scale = scale.data();
  Matrix H;
  pilot->weighted_gram(gram, H);
  H *= total_weight_ / total;
  H.diagonal() *= 1.0 - 16.0 * Design::single_precision_loss(d);
  const Vector penalty = ridge * scale.cwiseAbs2();
  H.diagonal() += penalty;
  return is_positive_definite(std::move(H));
}

bool RidgeProblem::single_gram(double ridge, Matrix& M) {
  Vector center;
  Vector scale;
  if (!suits_single_precision(ridge, center, scale)) return false;
  const Index d = features();
  const Index m = targets();
  Design::Gram gram;
  gram.q = weight_;
  gram.shift = center.data();
  gram.scale = scale.data();
  gram.single = true;
  gram.q_unit = std::exp2(-std::round(std::log2(total_weight_ / static_cast<double>(rows()))));
  Matrix moments(d, m + 1);  // Z^T S yc, and the sums of the columns
  const auto middle = [&](Index first, Index count, double* block) {
    weighted_targets(first, count, block);
    for (Index i = 0; i < count; ++i) block[i + m * count] = weight_of(first + i);
  };
  design_.pass_and_gram(nullptr, 0, m + 1, middle, moments.data(), gram, M);
  ++passes_;
  const Vector unscale = scale.cwiseInverse();
  // In these units the diagonal is of the size of the total weight, unless floats underflowed.
  if (!(M.diagonal().minCoeff() > 1e-20 * total_weight_)) return false;
  M = unscale.asDiagonal() * M * unscale.asDiagonal();
  const Vector loss = Design::single_precision_loss(d) * M.diagonal();
  target_moments_ = moments.leftCols(m);
  if (intercept_) {
    Vector mean = moments.col(m) / total_weight_;
    const Vector moved = mean - center;
    M.selfadjointView<Eigen::Lower>().rankUpdate(moved, -total_weight_);
    target_moments_.noalias() -= mean * target_sums().transpose();
    use_mean(std::move(mean));
  } else {
    use_mean(Vector());
  }
  // The errors lie between -loss and loss (see Design).
  Matrix checked = M;
  checked.diagonal() += Vector::Constant(d, ridge) - 5.0 * loss;
  return M.allFinite() && is_positive_definite(std::move(checked));
}

/// S yc for a block of rows.
void RidgeProblem::weighted_targets(Index first, Index count, double* block) const {
  const Design::Targets all{y_.data(), targets(), nullptr};
  all.weigh(weight_, rows(), first, count, block);
}

const Matrix& RidgeProblem::target_moments() {
  if (target_moments_.size() > 0) return target_moments_;
  const Index m = targets();
  target_moments_.resize(features(), m);
  design_.pass(
      nullptr, 0, m,
      [&](Index first, Index count, double* block) { weighted_targets(first, count, block); },
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
  loss = pairwise_sums(std::move(squared));
  if (intercept_) G.noalias() -= mean_ * pairwise_sums(std::move(sums)).transpose();
}

void RidgeProblem::dual_moments(const Matrix& W, const Matrix& theta, Matrix& rho, Matrix& D,
                                Vector& loss) {
  const Index m = W.cols();
  const Vector offset = W.transpose() * mean();
  Matrix sums(design_.blocks(), m);
  Matrix squared(design_.blocks(), m);
  D.resize(features(), m);
  rho.resize(rows(), m);
  design_.pass(
      W.data(), m, m,
      [&](Index first, Index count, double* block) {
        const Index b = first / design_.block_rows();
        for (Index t = 0; t < m; ++t) {
          double* z = block + t * count;
          double sum = 0.0;
          double square = 0.0;
          for (Index i = 0; i < count; ++i) {
            const double root = weight_ == nullptr ? 1.0 : std::sqrt(weight_[first + i]);
            const double r = root * (y_(first + i, t) - (z[i] - offset[t]));
            rho(first + i, t) = r - theta(first + i, t);
            square += r * r;
            z[i] = root * theta(first + i, t);
            sum += z[i];
          }
          sums(b, t) = sum;
          squared(b, t) = square;
        }
      },
      D.data());
  ++passes_;
  loss = pairwise_sums(std::move(squared));
  if (intercept_) D.noalias() -= mean_ * pairwise_sums(std::move(sums)).transpose();
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
  if (intercept_) out.noalias() -= mean_ * pairwise_sums(std::move(sums)).transpose();
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
  if (intercept_) W.noalias() -= mean() * pairwise_sums(std::move(sums)).transpose();
}

}  // namespace optlite
