// A quadratic plus any penalty of the registry, by sweeps over blocks: the inner solver of sparse
// models.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "extrapolation.hpp"
#include "group_descent.hpp"
#include "optlite/core/interrupt.hpp"
#include "optlite/linalg/cholesky.hpp"
#include "optlite/penalties/concept.hpp"

namespace optlite {

/// A penalty of the registry at any strength a: a h(w), or a^2 h(w / a) where its bends move along.
class PenaltyAt {
 public:
  PenaltyAt(const PenaltyRow& row, std::vector<double> fields)
      : row_(row),
        fields_(std::move(fields)),
        concavity_(row.of_ranks ? 0.0 : row.concavity(fields_)) {}

  const PenaltyRow& row() const { return row_; }
  double concavity() const { return concavity_; }
  double level(Index rank) const {  // of a penalty of ranks
    const std::size_t last = fields_.size() - 1;
    return fields_[std::min(static_cast<std::size_t>(rank), last)];
  }

  double value(const double* w, Index size, double a) const {
    if (!(a > 0.0)) return 0.0;
    if (!row_.moves_with_strength) return a * row_.value(fields_, w, size);
    return a * a * row_.value(fields_, divided(w, size, a), size);
  }

  /// w may be v. What the prox leaves as it is stays so to the last bit.
  void prox(const double* v, Index size, double step, double a, double* w) const {
    if (!(a > 0.0)) {
      std::copy_n(v, size, w);
      return;
    }
    if (!row_.moves_with_strength) {
      row_.prox(fields_, v, size, step * a, w);
      return;
    }
    kept_.assign(v, v + size);
    row_.prox(fields_, divided(v, size, a), size, step, w);
    for (Index j = 0; j < size; ++j) {
      const auto at = static_cast<std::size_t>(j);
      w[j] = w[j] == scaled_[at] ? kept_[at] : a * w[j];
    }
  }

  /// Of c, minus the gradient, from the subdifferential at w.
  double distance(const double* w, const double* c, Index size, double a) const {
    if (!(a > 0.0)) return length(c, size);
    slope_.resize(static_cast<std::size_t>(size));
    for (Index j = 0; j < size; ++j) slope_[static_cast<std::size_t>(j)] = -c[j] / a;
    const double* at = row_.moves_with_strength ? divided(w, size, a) : w;
    return a * row_.subdifferential_distance(fields_, at, slope_.data(), size);
  }

  double reach(const double* c, Index size, double a) const {
    return row_.reach(fields_, divided(c, size, a), size);
  }
  double conjugate(const double* u, Index size, double a) const {
    return a * row_.conjugate(fields_, divided(u, size, a), size);
  }

  /// The slope at w != 0 of a penalty that rises with |w|.
  double slope(double w, double a) const {
    const double none = 0.0;
    return std::copysign(distance(&w, &none, 1, a), w);
  }

  /// Its change; slopes are straight between their bends, or nearly.
  double bend(double w, double a) const {
    const double h = 1e-6 * w;
    return (slope(w + h, a) - slope(w, a)) / h;
  }

 private:
  static double length(const double* c, Index size) {
    double sum = 0.0;
    for (Index j = 0; j < size; ++j) sum = std::hypot(sum, c[j]);
    return sum;
  }

  const double* divided(const double* w, Index size, double a) const {
    scaled_.resize(static_cast<std::size_t>(size));
    for (Index j = 0; j < size; ++j) scaled_[static_cast<std::size_t>(j)] = w[j] / a;
    return scaled_.data();
  }

  const PenaltyRow& row_;
  std::vector<double> fields_;
  double concavity_;
  mutable std::vector<double> scaled_;
  mutable std::vector<double> kept_;
  mutable std::vector<double> slope_;
};

/// Neighbouring coordinates that the penalty judges together.
struct PenaltyBlock {
  Index begin = 0;
  Index size = 1;
  double strength = 1.0;
  double curvature = 0.0;  // at least the largest eigenvalue of its part of H
};

/// min_w  (w - w0) . H (w - w0) / 2 - c . (w - w0) + sum_b P_b(w_b).
class PenalisedQuadratic {
 public:
  PenalisedQuadratic(const PenaltyAt& penalty, const Matrix& H, std::vector<PenaltyBlock> blocks,
                     Vector c, Vector w0)
      : penalty_(penalty), H_(H), blocks_(std::move(blocks)), c_(std::move(c)), w0_(std::move(w0)) {
    w_ = w0_;
    g_ = c_;
    for (PenaltyBlock& block : blocks_) {
      block.curvature =
          block.size == 1
              ? H_(block.begin, block.begin)
              : eigenvalue_bound(H_.block(block.begin, block.begin, block.size, block.size));
    }
  }

  const Vector& solution() const { return w_; }

  /// Goes on until no block violates its condition by more than `goal`.
  void run(double goal, Index limit) {
    if (penalty_.row().of_ranks) accelerate(goal, limit);
    else descend(goal, limit);
  }

  /// Newton's step from here on the support, zeros as they are: to the stationary point of the
  /// pieces of the penalty that the coordinates are on. Empty where the objective bends down, or
  /// where a zero violates its condition more than they do.
  Vector step_on_support() const {
    double top = 0.0;
    for (const PenaltyBlock& b : blocks_) {
      if (b.size == 1 && w_[b.begin] != 0.0) top = std::max(top, violation_of(b));
    }
    if (top < violation()) return {};
    const std::vector<Index> support = nonzeros();
    const Vector step = newton_step(support);
    if (step.size() == 0) return {};
    Vector whole = Vector::Zero(w_.size());
    for (Index k = 0; k < step.size(); ++k) whole[support[static_cast<std::size_t>(k)]] = step[k];
    return whole;
  }

  double violation() const {
    double top = 0.0;
    for (const PenaltyBlock& b : blocks_) top = std::max(top, violation_of(b));
    return top;
  }

 private:
  double violation_of(const PenaltyBlock& b) const {
    return penalty_.distance(&w_[b.begin], &g_[b.begin], b.size, b.strength);
  }

  // --- blocks in turn ----------------------------------------------------------------------------

  void descend(double goal, Index limit) {
    for (Index epoch = 0; epoch < limit; ++epoch) {
      if (epoch % 16 == 0) interrupt::poll();
      if (!sweep()) return;
      if (stable_ > 0 && violation() <= goal) return;
      extrapolate();
      if (pays()) newton();
    }
  }

  /// One proximal gradient step for each block; exact where a block is one coordinate.
  bool sweep() {
    bool moved = false;
    bool same_support = true;
    for (const PenaltyBlock& b : blocks_) {
      if (!(b.curvature > std::numeric_limits<double>::min())) continue;
      next_ = w_.segment(b.begin, b.size) + g_.segment(b.begin, b.size) / b.curvature;
      penalty_.prox(next_.data(), b.size, 1.0 / b.curvature, b.strength, next_.data());
      for (Index j = 0; j < b.size; ++j) {
        double& w = w_[b.begin + j];
        const double change = next_[j] - w;
        if (change == 0.0) continue;
        moved = true;
        same_support &= (next_[j] == 0.0) == (w == 0.0);
        w = next_[j];
        g_.noalias() -= change * H_.col(b.begin + j);
        work_ += static_cast<double>(w_.size());
      }
    }
    stable_ = same_support ? stable_ + 1 : 0;
    return moved;
  }

  void extrapolate() {
    Vector w = w_;
    Vector g = g_;
    if (!extrapolation_.propose(w, g)) return;
    if (value(w, g) < value(w_, g_)) {
      w_ = w;
      g_ = g;
    }
  }

  /// With g = c - H (w - w0), the quadratic is -(g + c) . (w - w0) / 2.
  double value(const Vector& w, const Vector& g) const {
    double sum = -0.5 * (g + c_).dot(w - w0_);
    for (const PenaltyBlock& b : blocks_) sum += penalty_.value(&w[b.begin], b.size, b.strength);
    return sum;
  }

  // --- Newton on the support
  // -----------------------------------------------------------------------

  /// Whether sweeps have cost as much as a factorisation (which does six times as many
  /// multiplications a second); ten times as much while the support changes.
  bool pays() const {
    if (penalty_.row().of_groups) return false;  // of a norm the second derivatives are a matrix
    double support = 0.0;
    for (Index j = 0; j < w_.size(); ++j) support += w_[j] != 0.0;
    const double cost = support * support * support + 1e3;
    return support > 0.0 && support <= 6000.0 &&
           36.0 * work_ >= (stable_ >= 3 ? cost : 10.0 * cost);
  }

  void newton() {
    work_ = 0.0;
    for (int k = 0; k < 10; ++k) {
      interrupt::poll();
      const std::vector<Index> support = nonzeros();
      const Vector step = newton_step(support);
      if (step.size() == 0 || !go(support, step)) return;
      if (whole_step_) return;
    }
  }

  std::vector<Index> nonzeros() const {
    std::vector<Index> support;
    for (Index j = 0; j < w_.size(); ++j) {
      if (w_[j] != 0.0) support.push_back(j);
    }
    return support;
  }

  /// Empty where the objective, with its signs as they are, bends down.
  Vector newton_step(const std::vector<Index>& support) const {
    const Index m = static_cast<Index>(support.size());
    Matrix A(m, m);
    Vector b(m);
    for (Index k = 0; k < m; ++k) {
      const Index j = support[static_cast<std::size_t>(k)];
      for (Index i = 0; i < m; ++i) A(i, k) = H_(support[static_cast<std::size_t>(i)], j);
      const double a = blocks_[static_cast<std::size_t>(j)].strength;
      A(k, k) += penalty_.bend(w_[j], a);
      b[k] = g_[j] - penalty_.slope(w_[j], a);
    }
    const CholeskyFactor factor(std::move(A));
    if (!factor.ok()) return {};
    Vector step = factor.solve(std::move(b));
    if (!step.allFinite()) return {};
    return step;
  }

  /// Takes a step up to the first coordinate that reaches zero, if the value falls.
  bool go(const std::vector<Index>& support, const Vector& step) {
    double reach = 1.0;
    Index first = -1;
    for (Index k = 0; k < step.size(); ++k) {
      const double w = w_[support[static_cast<std::size_t>(k)]];
      if (step[k] * w < 0.0 && -w / step[k] <= reach) {
        reach = -w / step[k];
        first = k;
      }
    }
    whole_step_ = first < 0;
    Vector w = w_;
    for (Index k = 0; k < step.size(); ++k)
      w[support[static_cast<std::size_t>(k)]] += reach * step[k];
    if (!whole_step_) w[support[static_cast<std::size_t>(first)]] = 0.0;
    Vector g = g_;
    for (const Index j : support) g.noalias() -= (w[j] - w_[j]) * H_.col(j);
    const double before = value(w_, g_);
    if (!(value(w, g) <= before + 1e-15 * std::fabs(before))) return false;
    w_ = w;
    g_ = g;
    extrapolation_.forget();
    return true;
  }

  // --- all coordinates at once
  // ---------------------------------------------------------------------

  /// Accelerated proximal gradients, restarted when they turn back (O'Donoghue and Candes, Adaptive
  /// restart for accelerated gradient schemes, 2015), and exact steps within a pattern.
  void accelerate(double goal, Index limit) {
    const PenaltyBlock& b = blocks_.front();
    if (!(b.curvature > std::numeric_limits<double>::min())) return;
    Vector y = w_;
    Vector gy = g_;
    Vector last_pattern;
    double momentum = 1.0;
    for (Index k = 0; k < limit; ++k) {
      if (k % 16 == 0) interrupt::poll();
      Vector next = y + gy / b.curvature;
      penalty_.prox(next.data(), b.size, 1.0 / b.curvature, b.strength, next.data());
      Vector g = c_ - H_ * (next - w0_);
      const bool turned = (y - next).dot(next - w_) > 0.0;
      const double larger = 0.5 * (1.0 + std::sqrt(1.0 + 4.0 * momentum * momentum));
      const double share = turned ? 0.0 : (momentum - 1.0) / larger;
      momentum = turned ? 1.0 : larger;
      y = next + share * (next - w_);
      gy = g + share * (g - g_);
      w_ = std::move(next);
      g_ = std::move(g);
      if (violation() <= goal) return;
      if (k % 10 != 9) continue;
      Vector pattern = clusters();
      if (pattern == last_pattern && solve_clusters(pattern)) {
        if (violation() <= goal) return;
        y = w_;
        gy = g_;
        momentum = 1.0;
      }
      last_pattern = std::move(pattern);
    }
  }

  /// The signed number of each coordinate's cluster, the largest first; 0 for zeros.
  Vector clusters() const {
    std::vector<double> heights;
    for (Index j = 0; j < w_.size(); ++j) {
      if (w_[j] != 0.0) heights.push_back(std::fabs(w_[j]));
    }
    std::sort(heights.begin(), heights.end(), [](double a, double b) { return a > b; });
    heights.erase(std::unique(heights.begin(), heights.end()), heights.end());
    Vector pattern = Vector::Zero(w_.size());
    for (Index j = 0; j < w_.size(); ++j) {
      if (w_[j] == 0.0) continue;
      const auto at = std::lower_bound(heights.begin(), heights.end(), std::fabs(w_[j]),
                                       [](double a, double b) { return a > b; });
      pattern[j] = std::copysign(1.0 + static_cast<double>(at - heights.begin()), w_[j]);
    }
    return pattern;
  }

  /// The minimiser among the points of a pattern, if it keeps the order of the clusters and the
  /// value does not rise.
  bool solve_clusters(const Vector& pattern) {
    const Index m = static_cast<Index>(pattern.cwiseAbs().maxCoeff());
    if (m == 0) return false;
    Matrix U = Matrix::Zero(w_.size(), m);
    Vector counts = Vector::Zero(m);
    for (Index j = 0; j < w_.size(); ++j) {
      if (pattern[j] == 0.0) continue;
      const Index k = static_cast<Index>(std::fabs(pattern[j])) - 1;
      U(j, k) = std::copysign(1.0, pattern[j]);
      counts[k] += 1.0;
    }
    Vector rhs = U.transpose() * (c_ + H_ * w0_);
    Index rank = 0;
    for (Index k = 0; k < m; ++k) {
      for (Index i = 0; i < static_cast<Index>(counts[k]); ++i) {
        rhs[k] -= blocks_.front().strength * penalty_.level(rank++);
      }
    }
    const CholeskyFactor factor(Matrix(U.transpose() * (H_ * U)));
    if (!factor.ok()) return false;
    const Vector heights = factor.solve(std::move(rhs));
    for (Index k = 0; k < m; ++k) {
      if (!(heights[k] > (k + 1 < m ? heights[k + 1] : 0.0))) return false;
    }
    const Vector w = U * heights;
    const Vector g = c_ - H_ * (w - w0_);
    const double before = value(w_, g_);
    if (!(value(w, g) <= before + 1e-15 * std::fabs(before))) return false;
    w_ = w;
    g_ = g;
    return true;
  }

  const PenaltyAt& penalty_;
  const Matrix& H_;
  std::vector<PenaltyBlock> blocks_;
  Vector c_;
  Vector w0_;
  Vector w_;
  Vector g_;  // minus the gradient of the quadratic
  Vector next_;
  Extrapolation extrapolation_;
  Index stable_ = 0;   // sweeps since the support changed
  double work_ = 0.0;  // multiplications since the last factorisation
  bool whole_step_ = false;
};

}  // namespace optlite
