// Block coordinate descent on a quadratic whose Gram matrix is at hand: the inner solver of the
// group lasso.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include "extrapolation.hpp"
#include "optlite/core/interrupt.hpp"
#include "optlite/drivers/group_lasso.hpp"
#include "optlite/linalg/cholesky.hpp"
#include "optlite/linalg/conditioning.hpp"
#include "optlite/penalties/group.hpp"

namespace optlite {

/// Neighbouring rows of W.
struct Block {
  Index begin = 0;
  Index size = 0;
  double weight = 1.0;
  double curvature = 0.0;  // at least the largest eigenvalue of its part of the Gram matrix
};

/// 1/2 |Y - Z W|^2 over some columns of Z, through their Gram matrix.
struct GroupQuadratic {
  std::vector<Block> blocks;
  Matrix gram;
  RowMatrix q;  // Z^T Y
  RowMatrix w;
  RowMatrix g;  // q - G W: the products of the columns with the residuals
  double squares = 0.0;  // |Y|^2

  Index size() const { return w.rows(); }
  Index tasks() const { return w.cols(); }
  double residual_squares() const { return std::max(0.0, squares - w.cwiseProduct(q + g).sum()); }
  double* at(RowMatrix& table, const Block& block) const {
    return table.data() + block.begin * table.cols();
  }
};

/// |soft(scale c, l1)|_2, where no square overflows.
inline double soft_norm(const double* c, Index size, double l1, double scale = 1.0) {
  double largest = 0.0;
  for (Index j = 0; j < size; ++j) largest = std::max(largest, std::fabs(scale * c[j]) - l1);
  if (size == 1 || !(largest > 0.0) || !std::isfinite(largest)) return largest;
  double sum = 0.0;
  for (Index j = 0; j < size; ++j) {
    const double left = std::max(std::fabs(scale * c[j]) - l1, 0.0) / largest;
    sum += left * left;
  }
  return largest * std::sqrt(sum);
}

/// Value and duality gap of the sum over rows, block by block; see gap_of in gram_descent.hpp,
/// whose two dual points these are.
class GroupGap {
 public:
  explicit GroupGap(const GroupLevel& level) : level_(level) {}

  /// A block with its products; `w` null for a block at zero.
  void take(const double* w, const double* c, Index size, double weight) {
    const double radius = level_.norm * weight;
    shifted_.assign(c, c + size);
    double absolute = 0.0;
    double square = 0.0;
    double product = 0.0;
    for (Index j = 0; w != nullptr && j < size; ++j) {
      shifted_[static_cast<std::size_t>(j)] -= level_.ridge * w[j];
      absolute += std::fabs(w[j]);
      square += w[j] * w[j];
      product += c[j] * w[j];
    }
    const double penalty = level_.l1 * absolute + radius * std::sqrt(square);
    penalty_ += penalty;
    square_ += square;
    fit_ += product - level_.ridge * square;
    if (level_.ridge > 0.0) {
      const double excess = std::max(soft_norm(c, size, level_.l1) - radius, 0.0);
      separable_ += std::max(
          penalty + 0.5 * level_.ridge * square - product + 0.5 * excess * excess / level_.ridge,
          0.0);
    }
    const double tried = std::min(reach_, 1e300);
    if (soft_norm(shifted_.data(), size, level_.l1, tried) > radius) {
      reach_ = std::min(reach_, feasible_scale(shifted_, level_.l1, radius));
    }
  }

  struct Point {
    double gap = infinity;
    double value = 0.0;
    double scale = 0.0;         // t
    double scaled_gap = infinity;  // that of the scaled residual

    double relative(double at_zero) const {
      if (!std::isfinite(gap)) return infinity;
      const double size = std::max(value, std::numeric_limits<double>::epsilon() * at_zero);
      return size > 0.0 ? std::min(gap, value) / size : 0.0;
    }
  };

  Point finish(double residual_squares) const {
    const double residual = residual_squares + level_.ridge * square_;
    Point point;
    point.value = 0.5 * residual + penalty_;
    point.scale = residual > 0.0 ? 1.0 + fit_ / residual : 1.0;  // the best without constraints
    point.scale = std::max(std::min(point.scale, reach_), 0.0);
    const double t = point.scale;
    point.scaled_gap = 0.5 * (1.0 - t) * (1.0 - t) * residual + std::max(penalty_ - t * fit_, 0.0);
    point.gap = point.scaled_gap;
    if (level_.ridge > 0.0) point.gap = std::min(point.gap, separable_);
    return point;
  }

 private:
  GroupLevel level_;
  std::vector<double> shifted_;
  double penalty_ = 0.0;
  double square_ = 0.0;
  double fit_ = 0.0;
  double separable_ = 0.0;
  double reach_ = infinity;
};

/// eigenvalue_bound() for entries up to one.
inline double scaled_eigenvalue_bound(const Matrix& A) {
  constexpr Index large = 100;
  const double size = A.norm();
  double bound = size;
  if (A.rows() <= large) {  // lambda <= |A^p|_F^(1/p)
    Matrix power = A / size;
    double exponent = 1.0;
    for (int k = 0; k < 4; ++k) {
      power = power * power;
      exponent *= 0.5;
      const double norm = power.norm();
      if (!(norm > 0.0)) return size;
      bound *= std::pow(norm, exponent);
      power /= norm;
    }
    return bound * (1.0 + 1e-12);
  }
  // A guess from below, raised until lambda I - A has a factor: a fraction of a squaring, and
  // Ctrl-C is heard meanwhile.
  const Vector start = A.colwise().norm();
  const double least = largest_ritz_value(start, [&](Vector& v) { v = Vector(A * v); });
  for (bound = std::max(1.01 * least, 1e-3 * size); bound < size; bound *= 1.1) {
    Matrix rest = -A;
    rest.diagonal().array() += bound;
    if (is_positive_definite(std::move(rest))) return bound;
  }
  return size;
}

/// At least the largest eigenvalue of a positive semidefinite matrix, and not much above it.
inline double eigenvalue_bound(const Matrix& A) {
  if (A.rows() == 1) return A(0, 0);
  const double largest = A.cwiseAbs().maxCoeff();  // squares of entries may overflow
  if (!(largest > 0.0) || !std::isfinite(largest)) return largest;
  return largest * scaled_eigenvalue_bound(A / largest);
}

/// Sweeps of one proximal gradient step for each block, Anderson's extrapolation, and Newton's
/// method on the support, where the penalty is smooth.
class GroupDescent {
 public:
  GroupDescent(GroupQuadratic& f, const GroupLevel& level) : f_(f), level_(level) {}

  /// Sweeps until the gap, of these blocks alone, is at most `goal`. Returns how many;
  /// `exhausted()` tells that rounding stopped them.
  Index run(double goal, Index limit) {
    Index epoch = 0;
    double best = infinity;
    double value = infinity;
    Index since = 0;  // epochs without progress
    exhausted_ = false;
    while (epoch < limit) {
      const bool moved = sweep();
      ++epoch;
      const GroupGap::Point point = gap();
      if (point.gap <= goal) return epoch;
      since = point.gap < 0.9 * best || point.value < value * (1.0 - 1e-15) ? 0 : since + 1;
      best = std::min(best, point.gap);
      value = std::min(value, point.value);
      if (!moved || since > 20) {
        exhausted_ = true;
        return epoch;
      }
      extrapolate();
      if (pays()) newton(goal);
      if (epoch % 16 == 0) interrupt::poll();
    }
    return epoch;
  }

  bool exhausted() const { return exhausted_; }

 private:
  GroupGap::Point gap() const {
    GroupGap parts(level_);
    for (const Block& block : f_.blocks) {
      parts.take(f_.at(f_.w, block), f_.at(f_.g, block), block.size * f_.tasks(), block.weight);
    }
    return parts.finish(f_.residual_squares());
  }

  double strength(const Block& block) const { return level_.l1 + level_.norm * block.weight; }

  penalties::Group penalty(const Block& block) const { return {level_.l1 / strength(block)}; }

  /// One step for each block, in order. False if none moved.
  bool sweep() {
    bool moved = false;
    bool same_support = true;
    for (const Block& block : f_.blocks) {
      if (block.curvature <= std::numeric_limits<double>::min()) continue;
      moved |= move(block, same_support);
      if (unasked_ > 1e7) {  // multiplications since the last look at Ctrl-C
        interrupt::poll();
        unasked_ = 0.0;
      }
    }
    stable_ = same_support ? stable_ + 1 : 0;
    return moved;
  }

  bool move(const Block& block, bool& same_support) {
    const Index count = block.size * f_.tasks();
    double* w = f_.at(f_.w, block);
    const double* g = f_.at(f_.g, block);
    const double curved = block.curvature + level_.ridge;
    step_.resize(static_cast<std::size_t>(count));
    for (Index j = 0; j < count; ++j) {
      step_[static_cast<std::size_t>(j)] = (block.curvature * w[j] + g[j]) / curved;
    }
    penalty(block).prox(step_.data(), count, strength(block) / curved, step_.data());
    bool moved = false;
    for (Index j = 0; j < count; ++j) {
      const double next = step_[static_cast<std::size_t>(j)];
      if ((next == 0.0) != (w[j] == 0.0)) same_support = false;
      step_[static_cast<std::size_t>(j)] = next - w[j];
      moved |= next != w[j];
      w[j] = next;
    }
    if (moved) f_subtract(block, step_.data());
    return moved;
  }

  /// g -= G_b change
  void f_subtract(const Block& block, const double* change) {
    const Index m = f_.size();
    const Index tasks = f_.tasks();
    double* g = f_.g.data();
    for (Index a = 0; a < block.size; ++a) {
      const double* column = f_.gram.col(block.begin + a).data();
      const double* d = change + a * tasks;
      if (tasks == 1) {
        const double by = d[0];
#pragma omp simd
        for (Index i = 0; i < m; ++i) g[i] -= by * column[i];
      } else {
        for (Index i = 0; i < m; ++i) {
          const double of = column[i];
#pragma omp simd
          for (Index t = 0; t < tasks; ++t) g[i * tasks + t] -= of * d[t];
        }
      }
    }
    const double work = static_cast<double>(m * block.size * tasks);
    work_ += work;
    unasked_ += work;
  }

  double penalised_value(const RowMatrix& w, const RowMatrix& g) const {
    double penalties = 0.0;
    const Index tasks = f_.tasks();
    for (const Block& block : f_.blocks) {
      const double* at = w.data() + block.begin * tasks;
      penalties += strength(block) * penalty(block).value(at, block.size * tasks);
    }
    return penalties + 0.5 * level_.ridge * w.squaredNorm() - 0.5 * w.cwiseProduct(f_.q + g).sum();
  }

  void extrapolate() {
    Vector w = Eigen::Map<const Vector>(f_.w.data(), f_.w.size());
    Vector g = Eigen::Map<const Vector>(f_.g.data(), f_.g.size());
    if (!extrapolation_.propose(w, g)) return;
    const RowMatrix other_w = Eigen::Map<const RowMatrix>(w.data(), f_.size(), f_.tasks());
    const RowMatrix other_g = Eigen::Map<const RowMatrix>(g.data(), f_.size(), f_.tasks());
    if (!(penalised_value(other_w, other_g) < penalised_value(f_.w, f_.g))) return;
    f_.w = other_w;
    f_.g = other_g;
  }

  // --- Newton on the support ---------------------------------------------------------------------

  /// A coefficient that is not held at zero: its row and task, and the number of its block.
  struct Free {
    Index row, task;
    std::size_t block;
  };

  std::vector<Free> support() const {
    std::vector<Free> found;
    for (std::size_t b = 0; b < f_.blocks.size(); ++b) {
      const Block& block = f_.blocks[b];
      const auto part = f_.w.middleRows(block.begin, block.size);
      if (part.isZero(0.0)) continue;
      for (Index a = 0; a < block.size; ++a) {
        for (Index t = 0; t < f_.tasks(); ++t) {
          // Without an L1 part a zero among others is a number as any other.
          if (level_.l1 == 0.0 || part(a, t) != 0.0) found.push_back({block.begin + a, t, b});
        }
      }
    }
    return found;
  }

  /// Whether as much has been spent on sweeps as a factorisation costs; ten times as much while
  /// the support changes.
  bool pays() const {
    const double size = static_cast<double>(support().size());
    const double cost = size * size * size;
    return size > 0.0 && size <= 4000.0 && 36.0 * work_ >= (stable_ >= 3 ? cost : 10.0 * cost);
  }

  void newton(double goal) {
    work_ = 0.0;
    stable_ = 0;
    double spent = 0.0;
    for (int k = 0; k < 30 && spent <= 1e10; ++k) {
      interrupt::poll();
      const std::vector<Free> free = support();
      const double size = static_cast<double>(free.size());
      spent += size * size * size;
      if (free.empty() || !(newton_step(free, false) || newton_step(free, true))) return;
      if (gap().gap <= goal) return;
    }
  }

  /// Newton's step, or (`bounded`) that of a quadratic which is nowhere below the objective: with
  /// |w| <= (w^2 / |w_0| + |w_0|) / 2 and the same for norms. That one always lowers the value,
  /// where Newton's ends too soon because parts of w are on their way to zero.
  bool newton_step(const std::vector<Free>& free, bool bounded) {
    const Index k = static_cast<Index>(free.size());
    Matrix H(k, k);
    Vector slope(k);  // minus the gradient
    std::vector<double> norms(f_.blocks.size());
    for (std::size_t b = 0; b < norms.size(); ++b) {
      norms[b] = f_.w.middleRows(f_.blocks[b].begin, f_.blocks[b].size).norm();
    }
    for (Index c = 0; c < k; ++c) {
      const Free& at = free[static_cast<std::size_t>(c)];
      const double w = f_.w(at.row, at.task);
      const Block& block = f_.blocks[at.block];
      const bool single = block.size * f_.tasks() == 1;  // |w|: no curvature
      const double pull = level_.norm * block.weight / norms[at.block];
      const double along = w / norms[at.block];
      double bend = single ? 0.0 : pull;
      const double sign = w == 0.0 ? 0.0 : std::copysign(level_.l1, w);
      for (Index r = c; r < k; ++r) {
        const Free& other = free[static_cast<std::size_t>(r)];
        double h = other.task == at.task ? f_.gram(other.row, at.row) : 0.0;
        if (other.block == at.block && !bounded) {
          h -= bend * along * (f_.w(other.row, other.task) / norms[at.block]);
        }
        H(r, c) = h;
      }
      if (bounded) bend = pull + (w == 0.0 ? 0.0 : level_.l1 / std::fabs(w));
      H(c, c) += level_.ridge + bend;
      slope[c] = f_.g(at.row, at.task) - (level_.ridge + pull) * w - sign;
    }
    const double floor = 8.0 * std::numeric_limits<double>::epsilon() * static_cast<double>(k);
    const CholeskyFactor factor(H, floor * H.diagonal());
    if (!factor.ok()) return false;
    if (factor.rank() == k) return go(free, factor.solve(slope), false);
    // Columns that depend on each other: no fitted value changes along this direction, and the
    // penalty falls, or stays, until something becomes zero.
    Vector direction = factor.null_space().col(0);
    if (direction.dot(slope) < 0.0) direction *= -1.0;
    return go(free, direction, true);
  }

  /// Takes the step, or a part of it that lowers the value; `endless` ones as far as the first
  /// zero.
  bool go(const std::vector<Free>& free, const Vector& direction, bool endless) {
    if (!direction.allFinite()) return false;
    RowMatrix change = RowMatrix::Zero(f_.size(), f_.tasks());
    for (std::size_t c = 0; c < free.size(); ++c) {
      change(free[c].row, free[c].task) = direction[static_cast<Index>(c)];
    }
    double t = endless ? first_zero(change) : 1.0;
    if (!std::isfinite(t)) return false;
    const double value = penalised_value(f_.w, f_.g);
    for (int trial = 0; trial < (endless ? 1 : 6); ++trial, t *= 0.5) {
      const RowMatrix w = stopped_at_zero(change, t);
      const RowMatrix g = f_.q - f_.gram * w;
      const double reached = penalised_value(w, g);
      if (!(reached <= value + 1e-15 * std::fabs(value)) || w == f_.w) continue;
      f_.w = w;
      f_.g = g;
      extrapolation_.forget();
      return true;
    }
    return false;
  }

  /// How far to go until the first coefficient (with an L1 part) or block is zero.
  double first_zero(const RowMatrix& change) const {
    double first = infinity;
    for (const Block& block : f_.blocks) {
      const auto w = f_.w.middleRows(block.begin, block.size);
      const auto d = change.middleRows(block.begin, block.size);
      const double falls = -w.cwiseProduct(d).sum();
      if (falls > 0.0) first = std::min(first, w.squaredNorm() / falls);
      for (Index j = 0; level_.l1 > 0.0 && j < w.size(); ++j) {
        const double from = w(j / f_.tasks(), j % f_.tasks());
        const double by = d(j / f_.tasks(), j % f_.tasks());
        if (from * by < 0.0) first = std::min(first, -from / by);
      }
    }
    return first;
  }

  /// w + t change, where what would pass zero stays there.
  RowMatrix stopped_at_zero(const RowMatrix& change, double t) const {
    RowMatrix w = f_.w + t * change;
    for (const Block& block : f_.blocks) {
      auto next = w.middleRows(block.begin, block.size);
      const auto from = f_.w.middleRows(block.begin, block.size);
      if (level_.l1 > 0.0) {
        next = (next.array() * from.array() > 0.0).select(next, 0.0);
      }
      const double left = next.cwiseProduct(from).sum();
      if (left <= 1e-14 * from.squaredNorm()) next.setZero();
    }
    return w;
  }

  GroupQuadratic& f_;
  GroupLevel level_;
  Extrapolation extrapolation_;
  std::vector<double> step_;
  Index stable_ = 0;   // sweeps since the support changed
  double work_ = 0.0;  // multiplications since the last factorisation
  double unasked_ = 0.0;
  bool exhausted_ = false;
};

}  // namespace optlite
