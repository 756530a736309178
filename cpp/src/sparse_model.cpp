#include "optlite/drivers/sparse_model.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "intercepts.hpp"
#include "optlite/linalg/small_matrices.hpp"
#include "penalised_quadratic.hpp"
#include "sparse_screening.hpp"

namespace optlite {

RowLoss::RowLoss(const ObjectiveRow& row, std::vector<double> fields, Vector y, Vector weight,
                 Index outputs)
    : row_(row),
      fields_(std::move(fields)),
      y_(std::move(y)),
      weight_(std::move(weight)),
      outputs_(outputs) {}

double RowLoss::value(const Matrix& Z) const {
  return row_.value(fields_, Z.rows(), outputs_, Z.data(), y_.data(), weight_.data());
}

double RowLoss::differentiate(Matrix& Z) const {
  const double sum =
      row_.evaluate(fields_, Z.rows(), outputs_, Z.data(), y_.data(), weight_.data());
  Z *= -1.0;
  return sum;
}

double RowLoss::gap(const Matrix& Z, double t) const {
  return row_.gap(fields_, Z.rows(), outputs_, Z.data(), y_.data(), weight_.data(), t);
}

void RowLoss::expand(const Matrix& Z) {
  state_ = Z;
  row_.prepare(fields_, Z.rows(), outputs_, state_.data(), y_.data());
}

Vector RowLoss::curvature(Index a, Index b) const {
  Vector q(state_.rows());
  row_.curvature(state_.rows(), outputs_, state_.data(), weight_.data(), a, b, q.data());
  return q;
}

namespace {

/// The second-order model of the loss in the coordinates of a working set, intercepts eliminated.
struct Model {
  Matrix H;
  Matrix to_intercept;  // change of the intercepts for one of each coordinate: outputs x size
};

class SparseModel {
 public:
  SparseModel(ElasticNetData& data, MarginLoss& loss, const SparsePenalty& penalty,
              const SparseModelOptions& options)
      : data_(data),
        loss_(loss),
        penalty_(*penalty.row, penalty.fields),
        options_(options),
        outputs_(loss.outputs()),
        blocks_(penalty, data.features(), outputs_),
        screening_(data, blocks_),
        W_(Matrix::Zero(data.features(), outputs_)),
        intercepts_(Vector::Zero(outputs_)),
        inside_(static_cast<std::size_t>(W_.size()), 0) {
    has_gap_ = loss.has_gap() && penalty.row->conjugate != nullptr;
    for (Index b = 0; b < blocks_.count(); ++b) {
      if (!(blocks_.strength(b) > 0.0)) free_.push_back(b);
    }
    // What has no penalty has to be at its best for the gap, as intercepts are.
    const bool few =
        free_.empty() || (outputs_ == 1 && blocks_.are_single() && free_.size() <= most_free);
    has_gap_ = has_gap_ && few;
    if (!few) free_.clear();
  }

  /// One fit for each factor on the strengths, started at the one before.
  std::vector<SparseModelFit> run(const Matrix& start, const std::vector<double>& factors) {
    begin_at_zero();
    if (start.size() > 0) begin_at(start);
    for (const Index j : free_) take_in(j);
    settle();
    std::vector<SparseModelFit> fits;
    for (const double factor : factors) {
      blocks_.set_factor(factor);
      screening_.drop_none();
      fits.push_back(run_once());
    }
    return fits;
  }

  /// The smallest factor on the strengths for which zero fulfils its condition.
  double largest_factor() {
    begin_at_zero();
    find_squares_here();
    const Matrix C = screening_.read_all(at_.residual);
    const Vector zeros = Vector::Zero(W_.size());
    double factor = 0.0;
    Vector room;
    for (Index b = 0; b < blocks_.count(); ++b) {
      if (!(blocks_.strength(b) > 0.0)) continue;
      factor = factor_of(b, zeros.data(), blocks_.gather(b, C, room), factor);
    }
    return factor;
  }

 private:
  static constexpr std::size_t most_free = 1000;  // columns without penalty, kept at their best

  void begin_at_zero() {
    at_.margins.setZero(data_.rows(), outputs_);
    const Vector weight = loss_.weights();
    data_.centre(weight);
    squares_ = squares_with(weight);
    const auto empty = [this](Index j) { return !(squares_[j] > 0.0); };
    free_.erase(std::remove_if(free_.begin(), free_.end(), empty), free_.end());
    settle_intercepts();
    Matrix C = screening_.read_all(at_.residual);
    scale_of_free_ = largest_of_free(C);
    if (!free_.empty()) {
      settle();
      C = screening_.read_all(at_.residual);
    }
    at_zero_ = at_.value - options_.lowest;
    scale_ = C.cwiseAbs().maxCoeff();
  }

  SparseModelFit run_once() {
    SparseModelFit fit;
    fit.has_gap = has_gap_;
    iterate(fit);
    if (has_gap_ && !std::isfinite(fit.gap)) {  // columns without penalty that depend on each other
      fit.has_gap = false;
      fit.relative_gap = fit.violation;
    }
    fit.coefficients = W_;
    fit.intercepts = intercepts_;
    fit.dropped = screening_.dropped();
    return fit;
  }

  /// The smallest factor, if it is above `least`, by bisection down to neighbouring numbers.
  double factor_of(Index block, const double* zeros, const double* c, double least) const {
    const auto stays = [&](double factor) { return !(violation(block, zeros, c, factor) > 0.0); };
    if (stays(least)) return least;
    const double top = ConstVectorMap(c, blocks_.size(block)).cwiseAbs().maxCoeff();
    double high = std::max(least, top / blocks_.strength(block));
    while (!stays(high)) high *= 2.0;  // infinite where the penalty has no kink at zero
    if (std::isinf(high)) return high;
    while (0.5 * high > least && stays(0.5 * high)) high *= 0.5;
    double low = std::max(least, 0.5 * high);
    for (int k = 0; k < 60; ++k) {
      const double middle = low + 0.5 * (high - low);
      (stays(middle) ? high : low) = middle;
    }
    return high;
  }

  /// sum_i q_i z_ij^2 for each column.
  Vector squares_with(const Vector& q) const {
    const Vector none = Vector::Zero(q.size());
    const ColumnDesign::Moments m = data_.columns().moments(q.data(), none.data());
    const double total = q.sum();
    const Vector moved = m.sums / total;
    // Of a small difference at least its rounding: a column with the square zero is not looked at.
    const Vector centred =
        (m.squares - moved.cwiseProduct(m.sums)).cwiseMax(16.0 * epsilon * m.squares);
    if (data_.intercept()) return centred;
    return centred + total * (m.center + moved).cwiseAbs2();
  }

  void begin_at(const Matrix& start) {
    W_ = start.topRows(data_.features());
    if (data_.intercept()) intercepts_ = start.row(data_.features()).transpose();
    Columns support;
    for (Index j = 0; j < W_.rows(); ++j) {
      if (!W_.row(j).isZero(0.0)) support.push_back(j);
    }
    for (Index k = 0; k < outputs_; ++k) {
      Vector w(static_cast<Index>(support.size()));
      for (std::size_t c = 0; c < support.size(); ++c) w[static_cast<Index>(c)] = W_(support[c], k);
      at_.margins.col(k).setConstant(intercepts_[k]);
      data_.columns().add(support, w.data(), at_.margins.col(k).data());
      for (const Index j : support) {
        if (W_(j, k) != 0.0) take_in(j + k * W_.rows());
      }
    }
  }

  void iterate(SparseModelFit& fit) {
    bool stalled = false;
    Index idle = 0;  // steps without progress
    double least = infinity;
    double lowest = infinity;
    while (true) {
      interrupt::poll();
      Matrix C;
      if (std::isfinite(at_.value) && at_.residual.allFinite()) {
        find_squares_here();
        C = products();
      }
      if (C.size() == 0 || !C.allFinite()) {
        fit.value = at_.value;
        fit.status = Status::not_finite;
        return;
      }
      judge(C, fit);
      drop(fit);
      if (fit.relative_gap <= options_.tolerance) fit.status = Status::converged;
      else if (fit.n_iter >= options_.max_iterations) fit.status = Status::iteration_limit;
      if (fit.status != Status::running) return;
      const bool grown = grow(C);
      const bool falls = fit.value < lowest - 1e-13 * std::fabs(lowest);
      // A violation falls as the root of the value does, which is flat to rounding long before.
      const double share = has_gap_ ? 0.5 : 0.9;
      idle = grown || falls || fit.relative_gap < share * least ? 0 : idle + 1;
      if (idle > 0 && (stalled || idle >= 3)) {
        fit.status = Status::precision_limit;
        return;
      }
      least = std::min(least, fit.relative_gap);
      lowest = std::min(lowest, fit.value);
      ++fit.n_iter;
      stalled = !step(C, fit);
    }
  }

  // --- the loss ----------------------------------------------------------------------------------

  /// The best intercepts, and coefficients without penalty, for the others as they are: the dual
  /// point needs them.
  void settle() {
    settle_intercepts();
    for (int k = 0; k < 20 && !free_.empty(); ++k) {
      if (free_violation() <= 1e-14 || !step_of_free()) return;
    }
  }

  /// The largest derivative in a column without penalty, relative to what it could be.
  double free_violation() const {
    const Vector c = data_.products(&free_, at_.residual.col(0));
    double length = 0.0;
    for (Index i = 0; i < at_.residual.rows(); ++i) {
      const double s = loss_.weight(i);
      if (s > 0.0) length += at_.residual(i, 0) * at_.residual(i, 0) / s;
    }
    double top = 0.0;
    for (std::size_t k = 0; k < free_.size(); ++k) {
      const double most = std::sqrt(squares_[free_[k]] * length);
      if (most > 0.0) top = std::max(top, std::fabs(c[static_cast<Index>(k)]) / most);
    }
    return top;
  }

  /// A Newton step in the columns without penalty. False if it does not lower the loss.
  bool step_of_free() {
    loss_.expand(at_.margins);
    const Vector q = sample_curvature(loss_, 0, 0);
    const Vector root = q.cwiseSqrt();
    const Centred at = centred(free_, q);
    Matrix H;
    data_.columns().products(free_, free_, root.data(), at.shift, H);
    loss_.couple(data_.columns(), free_, at.shift, H);
    const CholeskyFactor factor(std::move(H));
    if (!factor.ok()) return false;
    const Vector step = factor.solve(data_.products(&free_, at_.residual.col(0)));
    if (!step.allFinite()) return false;
    const Matrix margins = at_.margins;
    const Vector intercepts = intercepts_;
    const double before = at_.value;
    Vector image = Vector::Zero(margins.rows());
    data_.columns().add(free_, step.data(), image.data());
    double by = 0.0;
    for (std::size_t k = 0; k < free_.size(); ++k) {
      by -= step[static_cast<Index>(k)] * at.shift[free_[k]];
    }
    if (!data_.intercept()) by = 0.0;
    double t = 1.0;
    for (int halving = 0; halving < 40; ++halving, t *= 0.5) {
      at_.margins.col(0) = margins.col(0) + t * (image.array() + by).matrix();
      intercepts_[0] = intercepts[0] + t * by;
      settle_intercepts();
      if (at_.value <= before + 1e-15 * std::fabs(before)) break;
    }
    for (std::size_t k = 0; k < free_.size(); ++k)
      W_(free_[k], 0) += t * step[static_cast<Index>(k)];
    return true;
  }

  /// The best intercepts for the coefficients as they are.
  void settle_intercepts() {
    at_.evaluate(loss_);
    if (data_.intercept() && !loss_.ignores_shifts()) {
      optlite::settle_intercepts(loss_, at_, intercepts_);
    }
  }

  /// Of a rank, for a penalty of ranks.
  auto level() const {
    return [this](Index rank) { return blocks_.strength(0) * penalty_.level(rank); };
  }

  /// Whether a block violates its condition for staying at zero.
  auto judge_at_zero() const {
    return [this](Index block, const double* zeros, const double* c) {
      return violation(block, zeros, c) > 0.0;
    };
  }

  /// Minus the derivatives of the loss in the coefficients; zero where that is as good.
  Matrix products() {
    const auto inside = [this](Index place) { return is_inside(place); };
    if (!penalty_.row().of_ranks) {
      return screening_.products(at_.residual, inside, judge_at_zero());
    }
    return screening_.products_of_ranks(at_.residual, W_, inside, level());
  }

  /// Drops what no solution has; where the second derivative of the loss is at most K, the solution
  /// of the dual problem is within (2 K gap)^(1/2) of the dual point.
  void drop(const SparseModelFit& fit) {
    const double bound = loss_.curvature_bound();
    if (!has_gap_ || !std::isfinite(fit.gap * bound)) return;
    // Residuals have rounding errors beside the radius, and products with them have their own.
    const double distance = std::sqrt(2.0 * bound * fit.gap) * (1.0 + 1e-10) +
                            1e-14 * std::sqrt(2.0 * bound * std::max(at_zero_, 0.0));
    const double length = at_.residual.colwise().norm().maxCoeff();
    const Vector radius = distance * squares_.cwiseSqrt() + length * data_.product_rounding();
    const auto inside = [this](Index place) { return is_inside(place); };
    if (penalty_.row().of_ranks) screening_.drop_ranks(shrinkage_, radius, inside, level());
    else screening_.drop(shrinkage_, radius, inside, judge_at_zero());
  }

  // --- the certificate ---------------------------------------------------------------------------

  double penalty_value(const Matrix& W) const {
    double sum = 0.0;
    Vector room;
    for (Index b = 0; b < blocks_.count(); ++b) {
      const double* w = blocks_.gather(b, W, room);
      if (blocks_.are_single() && *w == 0.0) continue;
      sum += penalty_.value(w, blocks_.size(b), blocks_.strength(b));
    }
    return sum;
  }

  /// Whether a block is kept at its best. What is left of its derivatives is judged by what they
  /// were: all derivatives at W = 0 may be rounding, once such columns explain the targets.
  bool is_settled(Index block) const { return !free_.empty() && !(blocks_.strength(block) > 0.0); }

  double largest_of_free(const Matrix& C) const {
    double top = 0.0;
    for (const Index j : free_) top = std::max(top, std::fabs(C(j, 0)));
    return top;
  }

  void judge(const Matrix& C, SparseModelFit& fit) {
    double top = 0.0;
    Vector w_room, c_room;
    for (Index b = 0; b < blocks_.count(); ++b) {
      if (is_settled(b)) continue;
      const double* w = blocks_.gather(b, W_, w_room);
      const double* c = blocks_.gather(b, C, c_room);
      top = std::max(top, violation(b, w, c));
    }
    fit.value = at_.value + penalty_value(W_);
    fit.violation = scale_ > 0.0 ? top / scale_ : top;
    if (scale_of_free_ > 0.0)
      fit.violation = std::max(fit.violation, largest_of_free(C) / scale_of_free_);
    fit.relative_gap = fit.violation;
    if (!has_gap_) return;
    fit.gap = free_.empty() || free_violation() <= 1e-12 ? gap(C) : infinity;
    const double above = std::max(fit.value - options_.lowest, epsilon * at_zero_);
    fit.relative_gap = above > 0.0 ? fit.gap / above : fit.gap;
  }

  /// With the strength `factor` times what it is.
  double violation(Index block, const double* w, const double* c, double factor = 1.0) const {
    const double strength = factor * blocks_.strength(block);
    const Index size = blocks_.size(block);
    const double distance = penalty_.distance(w, c, size, strength);
    if (std::isfinite(penalty_.concavity()) || size > 1 || *w != 0.0) return distance;
    // Zero is a local minimum: what counts is whether there is a better one elsewhere.
    const double curved = largest_curvature(block % W_.rows());
    if (!(curved > 0.0)) return 0.0;
    const double v = *c / curved;
    double to = 0.0;
    penalty_.prox(&v, 1, 1.0 / curved, strength, &to);
    return curved * std::fabs(to);
  }

  /// A bound on the curvature of a column, or else what it is here.
  double largest_curvature(Index column) const {
    const double bound = loss_.curvature_bound();
    return std::isfinite(bound) ? bound * squares_[column] : squares_here_[column];
  }

  /// Where largest_curvature() needs them.
  void find_squares_here() {
    if (std::isfinite(loss_.curvature_bound()) || std::isfinite(penalty_.concavity())) return;
    loss_.expand(at_.margins);
    squares_here_ = squares_with(sample_curvature(loss_, 0, 0));
  }

  double gap(const Matrix& C) {
    double t = 1.0;
    Vector w_room, c_room;
    for (Index b = 0; b < blocks_.count(); ++b) {
      const double* c = blocks_.gather(b, C, c_room);
      if (!(blocks_.strength(b) > 0.0)) continue;
      t = std::min(t, penalty_.reach(c, blocks_.size(b), blocks_.strength(b)));
    }
    shrinkage_ = t;
    double sum = loss_.gap(at_.margins, t);
    for (Index b = 0; b < blocks_.count(); ++b) {
      if (!(blocks_.strength(b) > 0.0)) continue;
      const double* w = blocks_.gather(b, W_, w_room);
      const double* c = blocks_.gather(b, C, c_room);
      const Index size = blocks_.size(b);
      const Vector u = t * ConstVectorMap(c, size);
      const double part = penalty_.value(w, size, blocks_.strength(b)) -
                          u.dot(ConstVectorMap(w, size)) +
                          penalty_.conjugate(u.data(), size, blocks_.strength(b));
      sum += std::max(part, 0.0);
    }
    return sum;
  }

  // --- the working set ---------------------------------------------------------------------------

  bool is_inside(Index place) const { return inside_[static_cast<std::size_t>(place)] != 0; }

  /// A coefficient with all that are judged with it, unless that is all of them.
  void take_in(Index place) {
    if (is_inside(place)) return;
    const bool alone = blocks_.are_single() || penalty_.row().of_ranks;
    const Places own = alone ? Places{place} : blocks_.places(blocks_.of(place));
    for (const Index p : own) {
      inside_[static_cast<std::size_t>(p)] = 1;
      places_.push_back(p);
    }
  }

  /// Takes in what violates its condition, the worst first.
  bool grow(const Matrix& C) {
    Sizes found = penalty_.row().of_ranks ? high_ranks(C) : violators(C);
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
      return a.first > b.first || (a.first == b.first && a.second < b.second);
    });
    const std::size_t most = std::max<std::size_t>(100, places_.size());
    if (found.size() > most) found.resize(most);
    for (const auto& entry : found) take_in(entry.second);
    return !found.empty();
  }

  Sizes violators(const Matrix& C) const {
    Sizes found;
    Vector w_room, c_room;
    for (Index b = 0; b < blocks_.count(); ++b) {
      const Index place = blocks_.first(b);
      if (is_inside(place)) continue;
      const double* w = blocks_.gather(b, W_, w_room);
      const double* c = blocks_.gather(b, C, c_room);
      const double size = violation(b, w, c);
      if (size > 0.0 && (!blocks_.are_single() || squares_[b % W_.rows()] > 0.0)) {
        found.emplace_back(size, place);
      }
    }
    return found;
  }

  /// For a penalty of ranks: the zeros that may not stay.
  Sizes high_ranks(const Matrix& C) const {
    Sizes zeros;
    for (Index p = 0; p < C.size(); ++p) {
      if (W_.data()[p] == 0.0) zeros.emplace_back(std::fabs(C.data()[p]), p);
    }
    std::sort(zeros.begin(), zeros.end(), std::greater<>());
    const Index taken = W_.size() - static_cast<Index>(zeros.size());
    zeros.resize(count_rising(zeros, taken, level()));
    Sizes found;
    for (const auto& [size, p] : zeros) {
      if (!is_inside(p) && squares_[p % W_.rows()] > 0.0) found.emplace_back(size, p);
    }
    return found;
  }

  /// The working set as the inner solver sees it.
  std::vector<PenaltyBlock> inner_blocks() const {
    std::vector<PenaltyBlock> list;
    const Index size = static_cast<Index>(places_.size());
    if (penalty_.row().of_ranks) {
      list.push_back({0, size, blocks_.strength(0)});
      return list;
    }
    for (Index at = 0; at < size; at += list.back().size) {
      const Index block = blocks_.of(places_[static_cast<std::size_t>(at)]);
      list.push_back({at, blocks_.size(block), blocks_.strength(block)});
    }
    return list;
  }

  Vector gathered(const Matrix& table) const {
    Vector out(static_cast<Index>(places_.size()));
    for (std::size_t i = 0; i < places_.size(); ++i) {
      out[static_cast<Index>(i)] = table.data()[places_[i]];
    }
    return out;
  }

  // --- the model ---------------------------------------------------------------------------------

  /// The columns of one output in the working set, from place `from` on, and where they stand in
  /// it.
  struct Part {
    Columns columns;
    std::vector<Index> at;
  };

  Part part_of(Index output, std::size_t from = 0) const {
    Part part;
    for (std::size_t i = from; i < places_.size(); ++i) {
      if (places_[i] / W_.rows() != output) continue;
      part.columns.push_back(places_[i] % W_.rows());
      part.at.push_back(static_cast<Index>(i));
    }
    return part;
  }

  void expand() {
    if (outputs_ == 1) expand_single();
    else expand_all();
  }

  /// With one output: about the means that the curvatures give, where nothing cancels. A quadratic
  /// loss has one matrix for all steps, which only gets new columns.
  void expand_single() {
    const Index size = static_cast<Index>(places_.size());
    const Index known = loss_.is_quadratic() ? model_.H.rows() : 0;
    if (known == size && size > 0) return;
    loss_.expand(at_.margins);
    const Vector q = sample_curvature(loss_, 0, 0);
    const Vector root = q.cwiseSqrt();
    const Columns all = part_of(0).columns;
    const Columns fresh(all.begin() + known, all.end());
    const Centred at = centred(all, q);
    Matrix H;
    data_.columns().products(all, fresh, root.data(), at.shift, H);
    loss_.couple(data_.columns(), all, at.shift, H);
    model_.H.conservativeResize(size, size);
    model_.H.rightCols(size - known) = H;
    model_.H.bottomLeftCorner(size - known, known) = H.topRows(known).transpose();
    model_.to_intercept = -at.beyond.transpose();
  }

  /// Where columns have their means, by weights q.
  struct Centred {
    Vector shift;  // zero without intercepts
    Vector beyond;  // for those of a list, the shift less the plain mean
  };

  Centred centred(const Columns& list, const Vector& q) const {
    const Index size = static_cast<Index>(list.size());
    Centred at{Vector::Zero(data_.features()), Vector::Zero(size)};
    if (!data_.intercept()) return at;
    const Vector offset = mixed_derivatives(list, q) / q.sum();
    for (Index i = 0; i < size; ++i) {
      const Index j = list[static_cast<std::size_t>(i)];
      at.shift[j] = data_.mean()[j] + offset[i];
    }
    if (!loss_.ignores_shifts()) at.beyond = offset;
    return at;
  }

  void expand_all() {
    loss_.expand(at_.margins);
    const Index size = static_cast<Index>(places_.size());
    model_.H.setZero(size, size);
    Matrix mixed = Matrix::Zero(size, outputs_);  // second derivatives with the intercepts
    for (Index a = 0; a < outputs_; ++a) {
      for (Index b = a; b < outputs_; ++b) add_part(a, b, mixed);
    }
    model_.to_intercept = Matrix::Zero(outputs_, size);
    if (!data_.intercept()) return;
    model_.to_intercept = -solve_symmetric(intercept_curvature(loss_), mixed.transpose());
    model_.H += mixed * model_.to_intercept;
  }

  void add_part(Index a, Index b, Matrix& mixed) {
    const Part left = part_of(a);
    const Part right = part_of(b);
    if (left.at.empty() && right.at.empty()) return;
    const Vector q = sample_curvature(loss_, a, b);
    const Vector u = mixed_derivatives(left.columns, q);
    const Vector v = mixed_derivatives(right.columns, q);
    for (std::size_t i = 0; i < left.at.size(); ++i)
      mixed(left.at[i], b) = u[static_cast<Index>(i)];
    for (std::size_t i = 0; i < right.at.size(); ++i)
      mixed(right.at[i], a) = v[static_cast<Index>(i)];
    if (left.at.empty() || right.at.empty()) return;
    const double sign = a == b ? 1.0 : -1.0;  // what two classes share is negative
    const Matrix block = second_derivatives(left.columns, right.columns, Vector(sign * q),
                                            Vector(sign * u), Vector(sign * v));
    for (std::size_t k = 0; k < right.at.size(); ++k) {
      for (std::size_t i = 0; i < left.at.size(); ++i) {
        const double h = sign * block(static_cast<Index>(i), static_cast<Index>(k));
        model_.H(left.at[i], right.at[k]) = h;
        model_.H(right.at[k], left.at[i]) = h;
      }
    }
  }

  /// sum_i q_i (x_ij - mean_j) for the columns of a list; zero without intercepts.
  Vector mixed_derivatives(const Columns& list, const Vector& q) const {
    Vector out = Vector::Zero(static_cast<Index>(list.size()));
    if (!data_.intercept() || list.empty()) return out;
    data_.columns().dots(list, q.data(), out.data());
    const double total = q.sum();
    for (std::size_t k = 0; k < list.size(); ++k) {
      out[static_cast<Index>(k)] -= total * data_.mean()[list[k]];
    }
    return out;
  }

  /// sum_i q_i z_ij z_il for q >= 0 and z = x - mean (x itself without intercepts): about the means
  /// that q gives, where nothing cancels, and moved from there. u and v are the mixed derivatives.
  Matrix second_derivatives(const Columns& left, const Columns& right, const Vector& q,
                            const Vector& u, const Vector& v) const {
    const Vector root = q.cwiseMax(0.0).cwiseSqrt();
    const double total = q.sum();
    Vector shift = Vector::Zero(data_.features());
    Matrix C;
    if (!data_.intercept() || !(total > 0.0)) {
      data_.columns().products(left, right, root.data(), shift, C);
      return C;
    }
    for (std::size_t k = 0; k < left.size(); ++k) {
      shift[left[k]] = data_.mean()[left[k]] + u[static_cast<Index>(k)] / total;
    }
    for (std::size_t k = 0; k < right.size(); ++k) {
      shift[right[k]] = data_.mean()[right[k]] + v[static_cast<Index>(k)] / total;
    }
    data_.columns().products(left, right, root.data(), shift, C);
    return C + u * v.transpose() / total;
  }

  // --- the steps ---------------------------------------------------------------------------------

  /// One Newton step; its model is made steeper until the objective falls. False if it does not.
  /// The minimum of a model that is not convex may be far away, where it says little about the
  /// objective: then the nearest stationary point is tried, so that steps close to a minimum are
  /// Newton's, too.
  bool step(const Matrix& C, const SparseModelFit& fit) {
    if (places_.empty()) return false;
    expand();
    const Vector w = gathered(W_);
    const Vector c = gathered(C);
    const double share =
        loss_.is_quadratic() ? 1e-3 : std::min(0.1, std::sqrt(std::max(fit.relative_gap, 1e-16)));
    const double goal = share * fit.violation * scale_;
    const double bound = loss_.curvature_bound();
    const bool concave = penalty_.concavity() > 0.0 && std::isfinite(penalty_.concavity());
    // Models that are flat, or bend down, would take sweeps without end: any descent leads on.
    // Those of groups are slow: they have no Newton steps among them.
    const Index sweeps = loss_.is_quadratic() || penalty_.row().of_groups ? 20000 : 2000;
    double steeper = 0.0;
    for (int trial = 0; trial < 22; ++trial) {
      Matrix H = model_.H;
      if (concave && trial > 0) lift(H, w, trial > 1);
      for (Index i = 0; i < w.size() && steeper > 0.0; ++i) {
        const Index column = places_[static_cast<std::size_t>(i)] % W_.rows();
        H(i, i) += steeper * (H(i, i) + (std::isfinite(bound) ? bound * squares_[column] : 0.0));
      }
      PenalisedQuadratic inner(penalty_, H, inner_blocks(), c, w);
      inner.run(goal, sweeps);
      if (inner.solution() == w) return false;
      if (go_towards(w, inner.solution(), c)) return true;
      if (concave && trial == 0) {
        const PenalisedQuadratic here(penalty_, H, inner_blocks(), c, w);
        const Vector near = here.step_on_support();
        if (near.size() > 0 && go_part_of(w, near, c)) return true;
      }
      if (!concave || trial > 1) steeper = std::max(4.0 * steeper, 1e-3);
    }
    return false;
  }

  /// Raises the curvature of coordinates to that of a concave penalty, so that their model has one
  /// minimum and they do not leap: of all, or of those that are at zero or where the penalty bends.
  void lift(Matrix& H, const Vector& w, bool all) const {
    for (Index i = 0; i < w.size(); ++i) {
      const Index place = places_[static_cast<std::size_t>(i)];
      const bool bends = w[i] == 0.0 || penalty_.bend(w[i], blocks_.strength(place)) < 0.0;
      if (all || bends) H(i, i) = std::max(H(i, i), 1.05 * penalty_.concavity());
    }
  }

  /// Goes to `next`, or with a convex penalty to where the objective falls on the way: a steeper
  /// model would forget which way the loss is flat, and separable classes ask for long steps there.
  bool go_towards(const Vector& w, const Vector& next, const Vector& c) {
    if (take(w, next, c)) return true;
    return !(penalty_.concavity() > 0.0) && go_part_of(w, 0.5 * (next - w), c);
  }

  /// Goes as far along a step as the objective falls.
  bool go_part_of(const Vector& w, const Vector& step, const Vector& c) {
    for (double share = 1.0; share > 2e-3; share *= 0.5) {
      if (take(w, w + share * step, c)) return true;
    }
    return false;
  }

  /// Goes to `next` if the objective falls as its slope promises.
  bool take(const Vector& w, const Vector& next, const Vector& c) {
    const Vector change = next - w;
    const Vector shift = model_.to_intercept * change;
    Matrix margins = at_.margins;
    Matrix W = W_;
    Vector intercepts = intercepts_;
    for (std::size_t i = 0; i < places_.size(); ++i) {
      W.data()[places_[i]] = next[static_cast<Index>(i)];
    }
    for (Index k = 0; k < outputs_; ++k) {
      const Part part = part_of(k);
      Columns moving;
      std::vector<double> steps;
      double by = data_.intercept() ? shift[k] : 0.0;
      for (std::size_t i = 0; i < part.at.size(); ++i) {
        const double of = change[part.at[i]];
        if (of == 0.0) continue;
        moving.push_back(part.columns[i]);
        steps.push_back(of);
        if (data_.intercept()) by -= of * data_.mean()[part.columns[i]];
      }
      data_.columns().add(moving, steps.data(), margins.col(k).data());
      margins.col(k).array() += by;
      intercepts[k] += by;
    }
    const double penalty_before = penalty_value(W_);
    const double penalty_after = penalty_value(W);
    const double before = at_.value + penalty_before;
    const double promised = -c.dot(change) + penalty_after - penalty_before;
    const double reached = loss_.value(margins) + penalty_after;
    // Near the end the value is flat to rounding, and the derivatives still get better.
    const double size = std::fabs(at_.value) + penalty_before;
    const bool at_rounding =
        std::fabs(promised) <= 1e-11 * size && reached <= before + 1e-13 * size;
    if (!(reached <= before + 1e-4 * promised && reached < before) && !at_rounding) return false;
    at_.margins = std::move(margins);
    W_ = std::move(W);
    intercepts_ = std::move(intercepts);
    settle();
    return true;
  }

  ElasticNetData& data_;
  MarginLoss& loss_;
  PenaltyAt penalty_;
  const SparseModelOptions& options_;
  Index outputs_;
  CoefficientBlocks blocks_;
  Screening screening_;
  double shrinkage_ = 1.0;  // of the residual, for a dual point
  Matrix W_;
  Vector intercepts_;
  Places places_;  // the working set, block by block
  std::vector<char> inside_;
  Model model_;
  Vector squares_;  // of the centred columns, with the weights
  Vector squares_here_;  // with the curvatures
  bool has_gap_ = false;
  Columns free_;  // without penalty
  double scale_ = 0.0;  // the largest derivative at W = 0
  double scale_of_free_ = 0.0;  // before the columns without penalty were at their best
  double at_zero_ = 0.0;
  LossAt at_;
};

}  // namespace

std::vector<SparseModelFit> fit_sparse_models(ElasticNetData& data, MarginLoss& loss,
                                              const SparsePenalty& penalty,
                                              const std::vector<double>& factors,
                                              const Matrix& start,
                                              const SparseModelOptions& options) {
  return SparseModel(data, loss, penalty, options).run(start, factors);
}

double largest_sparse_factor(ElasticNetData& data, MarginLoss& loss, const SparsePenalty& penalty) {
  return SparseModel(data, loss, penalty, {}).largest_factor();
}

}  // namespace optlite
