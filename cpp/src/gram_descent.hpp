// Coordinate descent on a quadratic whose Gram matrix is at hand, with what makes it quick:
// Anderson's extrapolation, and Newton's step on the support once the signs are known.
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "extrapolation.hpp"
#include "optlite/core/interrupt.hpp"
#include "optlite/linalg/cholesky.hpp"
#include "optlite/penalties/elastic_net.hpp"

namespace optlite {

/// 1/2 |y - Z w|^2 over some columns of Z, through their Gram matrix: 1/2 w.Gw - q.w + squares/2.
struct Quadratic {
  Index size = 0;
  Matrix gram;  // the leading `size` rows and columns count, both triangles
  Vector q;     // Z^T y
  Vector w;
  Vector g;  // q - G w: the products of the columns with the residual
  double squares = 0.0;  // |y|^2

  void reserve(Index capacity) {
    if (gram.rows() >= capacity) return;
    const Index room = std::max(capacity, gram.rows() + gram.rows() / 2);
    Matrix larger(room, room);
    larger.topLeftCorner(size, size) = gram.topLeftCorner(size, size);
    gram = std::move(larger);
    q.conservativeResize(room);
    w.conservativeResize(room);
    g.conservativeResize(room);
  }

  /// g from w: the updates of many steps leave rounding behind.
  void refresh() {
    g.head(size) = q.head(size);
    for (Index j = 0; j < size; ++j) {
      if (w[j] != 0.0) g.head(size) -= w[j] * gram.col(j).head(size);
    }
  }

  double residual_squares() const {
    return std::max(0.0, squares - w.head(size).dot(q.head(size) + g.head(size)));
  }
};

/// Strengths of the two parts of an elastic net: l1 |w|_1 + l2/2 |w|^2.
struct ElasticLevel {
  double l1 = 0.0;
  double l2 = 0.0;
  bool positive = false;

  double strength() const { return l1 + l2; }
  double l1_ratio() const { return l1 / strength(); }
  /// How much of a product with the residual the constraint of the dual problem sees.
  double size(double c) const { return positive ? c : std::fabs(c); }
};

/// The columns that a Quadratic leaves out, all at zero.
struct OutsideColumns {
  double largest = 0.0;  // product with the residual
  double excess = 0.0;   // sum of (|c_j| - l1)_+^2
};

/// Value and duality gap, both of the sum over rows.
struct GapOfPoint {
  double gap = infinity;
  double value = 0.0;
  double largest = 0.0;  // product of a column inside, less its ridge part

  double relative(double at_zero) const {
    if (!std::isfinite(gap)) return infinity;
    const double scale = std::max(value, std::numeric_limits<double>::epsilon() * at_zero);
    return scale > 0.0 ? std::min(gap, value) / scale : 0.0;
  }
};

/// The better of two dual points; neither difference cancels (see docs/guarantees.md).
///
/// With r = (y - Zw, -sqrt(l2) w), the residual of the lasso that the elastic net is, the point s r
/// is feasible if s |c_j - l2 w_j| <= l1 for all j, and
///     gap = (1 - s)^2 |r|^2 / 2 + sum_j (l1 |w_j| - s (c_j - l2 w_j) w_j).
/// For l2 > 0 the residual itself will do:
///     gap = sum_j (l1 |w_j| + l2 w_j^2 / 2 - c_j w_j + (|c_j| - l1)_+^2 / (2 l2)).
inline GapOfPoint gap_of(const Quadratic& f, const ElasticLevel& level,
                         const OutsideColumns& outside) {
  double top = outside.largest;
  double inside = 0.0;
  double norm = 0.0;
  double square = 0.0;
  double fit = 0.0;
  double separable = 0.0;
  for (Index j = 0; j < f.size; ++j) {
    const double w = f.w[j];
    const double c = f.g[j] - level.l2 * w;
    inside = std::max(inside, level.size(c));
    norm += std::fabs(w);
    square += w * w;
    fit += c * w;
    const double excess = std::max(level.size(f.g[j]) - level.l1, 0.0);
    separable += std::max(level.l1 * std::fabs(w) + (0.5 * level.l2 * w - f.g[j]) * w +
                              (level.l2 > 0.0 ? 0.5 * excess * excess / level.l2 : 0.0),
                          0.0);
  }
  top = std::max(top, inside);
  const double residual = f.residual_squares() + level.l2 * square;
  GapOfPoint point;
  point.largest = inside;
  point.value = 0.5 * residual + level.l1 * norm;
  double scale = residual > 0.0 ? 1.0 + fit / residual : 1.0;  // the best without a constraint
  if (scale * top > level.l1) scale = level.l1 / top;
  scale = std::max(scale, 0.0);
  point.gap =
      0.5 * (1.0 - scale) * (1.0 - scale) * residual + std::max(level.l1 * norm - scale * fit, 0.0);
  if (level.l2 > 0.0) {
    point.gap = std::min(point.gap, separable + 0.5 * outside.excess / level.l2);
  }
  return point;
}

template <class Penalty>
class GramDescent {
 public:
  GramDescent(Quadratic& f, const Penalty& penalty, const ElasticLevel& level)
      : f_(f), penalty_(penalty), level_(level), inverse_(f.size) {
    for (Index j = 0; j < f.size; ++j) {
      const double square = f.gram(j, j);
      // Squares that underflow count as a column of zeros.
      inverse_[j] = square > std::numeric_limits<double>::min() ? 1.0 / square : 0.0;
      if (inverse_[j] > 0.0 || f.w[j] == 0.0) continue;
      f.w[j] = 0.0;
    }
  }

  /// Sweeps until the gap, of these columns alone, is at most `goal`.
  /// Returns how many; `exhausted()` tells that rounding stopped them.
  Index run(double goal, Index limit) {
    Index epoch = 0;
    double best = infinity;
    double value = infinity;
    Index since = 0;  // epochs without progress
    int attempts = 0;
    exhausted_ = false;
    while (epoch < limit) {
      const bool moved = sweep();
      ++epoch;
      const GapOfPoint point = gap();
      if (point.gap <= goal) return epoch;
      if (!moved) {
        exhausted_ = true;
        return epoch;
      }
      since = point.gap < 0.9 * best || point.value < value * (1.0 - 1e-15) ? 0 : since + 1;
      best = std::min(best, point.gap);
      value = std::min(value, point.value);
      if (since > 20) {
        exhausted_ = true;
        return epoch;
      }
      extrapolate();
      if (pays()) {
        newton(3e8);
        if (gap().gap <= goal) return epoch;
        // Signs that will not settle: columns depend on each other, or nearly.
        if (++attempts % 4 == 0) epoch += exchange(goal, limit - epoch);
      }
      if (epoch % 16 == 0) interrupt::poll();
    }
    return epoch;
  }

  bool exhausted() const { return exhausted_; }

 private:
  GapOfPoint gap() const { return gap_of(f_, level_, {}); }

  /// One step for each coordinate, in order. False if none moved.
  bool sweep() {
    bool moved = false;
    bool same_signs = true;
    for (Index j = 0; j < f_.size; ++j) {
      if (inverse_[j] == 0.0) continue;
      const double old = f_.w[j];
      if (move(j) == 0.0) continue;
      const double next = f_.w[j];
      moved = true;
      if ((next > 0.0) != (old > 0.0) || (next < 0.0) != (old < 0.0)) same_signs = false;
    }
    stable_ = same_signs ? stable_ + 1 : 0;
    return moved;
  }

  /// The step of one coordinate.
  double move(Index j) {
    const Index m = f_.size;
    const double old = f_.w[j];
    const double inverse = inverse_[j];
    const double next = penalty_.prox(old + f_.g[j] * inverse, level_.strength() * inverse);
    const double change = next - old;
    if (change == 0.0) return 0.0;
    f_.w[j] = next;
    double* g = f_.g.data();
    const double* column = f_.gram.col(j).data();
#pragma omp simd
    for (Index i = 0; i < m; ++i) g[i] -= change * column[i];
    work_ += static_cast<double>(m);
    return change;
  }

  double penalised_value(const Vector& w, const Vector& g) const {
    double penalty = 0.0;
    double smooth = 0.0;
    for (Index j = 0; j < f_.size; ++j) {
      if (w[j] == 0.0) continue;
      penalty += penalty_.value(w[j]);
      smooth += w[j] * (f_.q[j] + g[j]);
    }
    return level_.strength() * penalty - 0.5 * smooth;
  }

  void extrapolate() {
    const Index m = f_.size;
    Vector w = f_.w.head(m);
    Vector g = f_.g.head(m);
    if (!extrapolation_.propose(w, g)) return;
    if (penalised_value(w, g) < penalised_value(f_.w, f_.g)) {
      f_.w.head(m) = w;
      f_.g.head(m) = g;
    }
  }

  /// Whether as much has been spent on sweeps as a factorisation costs (it does six times as many
  /// multiplications a second); ten times as much while signs change.
  bool pays() const {
    double support = 0.0;
    for (Index j = 0; j < f_.size; ++j) support += f_.w[j] != 0.0;
    const double cost = support * support * support;
    return support > 0.0 && support <= 6000.0 &&
           36.0 * work_ >= (stable_ >= 3 ? cost : 10.0 * cost);
  }

  /// Active-set steps: Newton on the support, then a few of the coordinates that should leave zero,
  /// the worst first (Lee, Battle, Raina and Ng, Efficient sparse coding algorithms, 2006,
  /// algorithm 1). Each ends below the one before, and there are finitely many supports. Returns
  /// how many.
  Index exchange(double goal, Index limit) {
    Index round = 0;
    while (round < limit) {
      ++round;
      if (!newton(1e11) || gap().gap <= goal || !admit()) break;
      interrupt::poll();
    }
    return round;
  }

  /// False if no coordinate at zero violates its condition.
  bool admit() {
    std::vector<std::pair<double, Index>> violators;
    Index support = 0;
    for (Index j = 0; j < f_.size; ++j) {
      const double size = level_.size(f_.g[j]);
      if (f_.w[j] != 0.0) ++support;
      else if (size > level_.l1 * (1.0 + 1e-13) && inverse_[j] > 0.0)
        violators.emplace_back(-size, j);
    }
    const std::size_t most = static_cast<std::size_t>(1 + support / 50);
    std::sort(violators.begin(), violators.end());
    if (violators.size() > most) violators.resize(most);
    bool moved = false;
    for (const auto& entry : violators) moved |= move(entry.second) != 0.0;
    return moved;
  }

  /// Newton steps on the support, until one of them ends with the signs that it began with: that is
  /// the minimiser among the points with these signs. The budget is for sums of cubes of the size.
  bool newton(double budget) {
    work_ = 0.0;
    stable_ = 0;
    bool moved = false;
    double spent = 0.0;
    while (spent <= budget) {
      interrupt::poll();
      const std::vector<Index> support = support_of();
      const double size = static_cast<double>(support.size());
      if (support.empty()) break;
      spent += size * size * size + 1e5;
      const NewtonStep step = newton_step(support);
      if (step.direction.size() == 0 || !go(support, step)) break;
      moved = true;
      if (whole_step_) break;
    }
    return moved;
  }

  struct NewtonStep {
    Vector direction;
    bool endless = false;  // the objective falls along it for ever, as long as no sign changes
  };

  std::vector<Index> support_of() const {
    std::vector<Index> support;
    for (Index j = 0; j < f_.size; ++j) {
      if (f_.w[j] != 0.0) support.push_back(j);
    }
    return support;
  }

  /// Takes the step. Where it changes signs, those coordinates become zero if that lowers the value
  /// enough, or the step ends at the first of them.
  bool go(const std::vector<Index>& support, const NewtonStep& step) {
    double reach = step.endless ? infinity : 1.0;
    std::size_t first = support.size();
    Vector whole = f_.w.head(f_.size);
    for (std::size_t a = 0; a < support.size(); ++a) {
      const Index j = support[a];
      const double change = step.direction[static_cast<Index>(a)];
      const double next = f_.w[j] + change;
      const bool flips = next * f_.w[j] <= 0.0;
      whole[j] = flips ? 0.0 : next;
      const double meets = change * f_.w[j] < 0.0 ? -f_.w[j] / change : infinity;
      if (meets <= reach) {
        reach = meets;
        first = a;
      }
    }
    whole_step_ = first == support.size();
    if (whole_step_) return !step.endless && move_to(support, whole);
    if (!step.endless && move_to(support, whole)) return true;
    Vector shorter = f_.w.head(f_.size);
    for (std::size_t a = 0; a < support.size(); ++a) {
      shorter[support[a]] += reach * step.direction[static_cast<Index>(a)];
    }
    shorter[support[first]] = 0.0;
    return move_to(support, shorter);
  }

  /// Takes over a point that differs on the support, if its value is lower.
  bool move_to(const std::vector<Index>& support, const Vector& w) {
    const Index m = f_.size;
    Vector g = f_.g.head(m);
    for (const Index j : support) {
      const double change = w[j] - f_.w[j];
      if (change != 0.0) g -= change * f_.gram.col(j).head(m);
    }
    const double value = penalised_value(f_.w, f_.g);
    if (!(penalised_value(w, g) <= value + 1e-15 * std::fabs(value))) return false;
    f_.w.head(m) = w;
    f_.g.head(m) = g;
    extrapolation_.forget();
    return true;
  }

  /// Empty if the matrix could not be factorised. Among columns that depend on each other there is
  /// a direction that changes no fitted value, and the penalty falls one way along it.
  NewtonStep newton_step(const std::vector<Index>& support) const {
    const Index k = static_cast<Index>(support.size());
    Matrix H(k, k);
    Vector b(k);
    for (Index c = 0; c < k; ++c) {
      const Index j = support[static_cast<std::size_t>(c)];
      const double* column = f_.gram.col(j).data();
      for (Index r = c; r < k; ++r) H(r, c) = column[support[static_cast<std::size_t>(r)]];
      H(c, c) += level_.l2;
      b[c] = f_.g[j] - level_.l2 * f_.w[j] - std::copysign(level_.l1, f_.w[j]);
    }
    const double floor = 8.0 * std::numeric_limits<double>::epsilon() * static_cast<double>(k);
    const CholeskyFactor factor(H, floor * H.diagonal());
    NewtonStep step;
    if (!factor.ok()) return step;
    if (factor.rank() < k) {
      step.direction = factor.null_space().col(0);
      if (step.direction.dot(b) < 0.0) step.direction *= -1.0;
      step.endless = true;
    } else {
      step.direction = factor.solve(std::move(b));
    }
    if (!step.direction.allFinite()) step.direction.resize(0);
    return step;
  }

  Quadratic& f_;
  const Penalty& penalty_;
  ElasticLevel level_;
  Vector inverse_;
  Extrapolation extrapolation_;
  Index stable_ = 0;     // sweeps since a sign changed
  double work_ = 0.0;    // multiplications since the last factorisation
  bool exhausted_ = false;
  bool whole_step_ = false;  // the last Newton step met no zero
};

}  // namespace optlite
