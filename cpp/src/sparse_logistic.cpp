#include "optlite/drivers/sparse_logistic.hpp"

#include <algorithm>
#include <cmath>

#include "optlite/core/stable.hpp"
#include "optlite/objectives/logistic.hpp"
#include "optlite/penalties/elastic_net.hpp"
#include "optlite/penalties/l1.hpp"
#include "working_set.hpp"

namespace optlite {

namespace {

class SparseLogistic {
 public:
  SparseLogistic(ElasticNetData& data, const double* y, const double* weight,
                 const SparseLogisticOptions& options)
      : set_(data, 0.0),
        data_(data),
        y_(y),
        weight_(weight),
        options_(options),
        level_{options.l1, options.l2, false},
        margins_(Vector::Zero(data.rows())),
        residual_(data.rows()),
        curvature_(data.rows()) {}

  SparseLogisticFit run(const Vector& start) {
    begin(start);
    SparseLogisticFit fit;
    const auto steps = [&](const auto& penalty) { outer(penalty, fit); };
    if (options_.l2 == 0.0) steps(penalties::L1{});
    else steps(penalties::ElasticNet{level_.l1_ratio()});
    fit.coefficients = Vector::Zero(data_.features());
    for (std::size_t k = 0; k < set_.columns().size(); ++k) {
      fit.coefficients[set_.columns()[k]] = set_.f.w[static_cast<Index>(k)];
    }
    fit.intercept = intercept_;
    return fit;
  }

 private:
  static constexpr double flat = 1e-10;  // a curvature that is no smaller keeps steps bounded

  void begin(const Vector& start) {
    evaluate();
    settle_intercept();
    known_.start(data_, data_.moments(residual_), residual_);
    if (start.size() == 0) return;
    Columns support;
    Vector coefficients(data_.features());
    for (Index j = 0; j < data_.features(); ++j) {
      if (start[j] != 0.0) support.push_back(j);
    }
    if (data_.intercept()) intercept_ = start[data_.features()];
    margins_.setConstant(intercept_);
    set_.list_zeros(support);
    for (std::size_t k = 0; k < support.size(); ++k) {
      coefficients[static_cast<Index>(k)] = set_.f.w[static_cast<Index>(k)] = start[support[k]];
    }
    data_.columns().add(support, coefficients.data(), margins_.data());
    evaluate();
    settle_intercept();
  }

  template <class Penalty>
  void outer(const Penalty& penalty, SparseLogisticFit& fit) {
    bool stalled = false;
    while (true) {
      products_inside();
      const double inside = largest_inside();
      NearColumns found = columns_above(std::max(level_.l1, inside), level_, residual_, data_,
                                        known_, [&](Index j) { return set_.contains(j); });
      const double gap = gap_with(found.outside);
      const double value = loss_ + penalty_value(set_.f.w);
      fit.value = value;
      fit.gap = gap;
      fit.relative_gap = value > 0.0 ? fit.gap / value : 0.0;
      if (!std::isfinite(gap) || !std::isfinite(value)) fit.status = Status::not_finite;
      else if (fit.relative_gap <= options_.tolerance) fit.status = Status::converged;
      else if (fit.n_iter >= options_.max_iterations) fit.status = Status::iteration_limit;
      if (fit.status != Status::running) return;
      const bool grown = grow(found);
      if (stalled && !grown) fit.status = Status::precision_limit;
      if (fit.status != Status::running) return;
      stalled = !descend(penalty, std::max(options_.tolerance * value, 0.3 * gap), value, fit);
    }
  }

  /// Newton steps until the gap of the working set is at most `goal`. False if rounding ends them.
  template <class Penalty>
  bool descend(const Penalty& penalty, double goal, double value, SparseLogisticFit& fit) {
    products_inside();
    double gap = gap_with({});
    do {
      interrupt::poll();
      ++fit.n_iter;
      const bool fresh = outdated_ || model_size_ == 0;  // the model is going to be of this point
      if (!step(penalty, goal, value)) return false;
      products_inside();
      const double before = gap;
      gap = gap_with({});
      outdated_ = !(gap < 0.3 * before);
      if (!outdated_ || !fresh) continue;
      // The best that this kind of model can do.
      if (precise_ && at_rounding_) return false;
      precise_ = true;
    } while (gap > goal && fit.n_iter < options_.max_iterations);
    return true;
  }

  /// Loss, residual (minus its derivative) and curvature at the margins.
  void evaluate() {
    const objectives::Logistic loss;
    const Index n = margins_.size();
    const double* weight = weight_;
    const double* y = y_;
    const double* z = margins_.data();
    double* residual = residual_.data();
    double* curvature = curvature_.data();
    double sum = 0.0;
#pragma omp simd reduction(+ : sum)
    for (Index i = 0; i < n; ++i) {
      const Sample at = loss.at(z[i], y[i]);
      const double s = weight == nullptr ? 1.0 : weight[i];
      sum += s * at.value;
      residual[i] = -s * at.first;
      curvature[i] = s * (at.second > flat ? at.second : flat);
    }
    loss_ = sum;
    products_known_ = 0;
  }

  /// Residuals and curvatures, summed over each of the classes.
  struct Classes {
    double up = 0.0, down = 0.0;
    double up_curvature = 0.0, down_curvature = 0.0;
  };

  Classes sums_of_classes() const {
    const double* weight = weight_;
    const double* residual = residual_.data();
    double up = 0.0, down = 0.0, up_curvature = 0.0, down_curvature = 0.0;
#pragma omp simd reduction(+ : up, down, up_curvature, down_curvature)
    for (Index i = 0; i < residual_.size(); ++i) {
      const double s = weight == nullptr ? 1.0 : weight[i];
      const double wrong = std::fabs(residual[i]);  // s p
      const double curvature = s > 0.0 ? wrong * (1.0 - wrong / s) : 0.0;
      up += residual[i] > 0.0 ? wrong : 0.0;
      down += residual[i] > 0.0 ? 0.0 : wrong;
      up_curvature += residual[i] > 0.0 ? curvature : 0.0;
      down_curvature += residual[i] > 0.0 ? 0.0 : curvature;
    }
    return {up, down, up_curvature, down_curvature};
  }

  /// The best intercept for the coefficients as they are, without which the dual point is none: the
  /// residuals of both classes have one sum there. Newton's method for the logarithm of their
  /// ratio, which is a straight line where all coefficients are zero; between bounds.
  void settle_intercept() {
    if (!data_.intercept()) return;
    double low = -infinity, high = infinity, step = 0.0;
    for (int k = 0; k < 200; ++k) {
      const Classes at = sums_of_classes();
      const double slope = at.up - at.down;
      if (!(std::fabs(slope) > 1e-15 * (at.up + at.down))) return;
      (slope > 0.0 ? low : high) = intercept_;
      const double bend = at.up_curvature / at.up + at.down_curvature / at.down;
      const double far = std::copysign(std::max(1.0, 2.0 * std::fabs(step)), slope);
      step = (std::log(at.up) - std::log(at.down)) / bend;
      if (!std::isfinite(step)) step = far;
      const double least = 1e-15 * std::max(1.0, std::fabs(intercept_));
      if (!(intercept_ + step > low && intercept_ + step < high)) {
        step = std::fabs(step) > least ? 0.5 * (low + high) - intercept_ : 0.0;
      }
      margins_.array() += step;
      intercept_ += step;
      evaluate();
      if (std::fabs(step) <= least) return;
    }
  }

  /// x_j . r for the working set: of those columns for which they are not at hand.
  void products_inside() {
    const Columns& all = set_.columns();
    if (products_known_ == set_.f.size) return;
    const Columns unknown(all.begin() + products_known_, all.end());
    set_.f.g.segment(products_known_, set_.f.size - products_known_) =
        data_.products(&unknown, residual_);
    products_known_ = set_.f.size;
  }

  double largest_inside() const {
    double top = 0.0;
    for (Index k = 0; k < set_.f.size; ++k) top = std::max(top, std::fabs(set_.f.g[k]));
    return level_.l2 > 0.0 ? 0.0 : top;
  }

  double penalty_value(const Vector& w) const {
    double sum = 0.0;
    for (Index k = 0; k < set_.f.size; ++k) {
      sum += level_.l1 * std::fabs(w[k]) + 0.5 * level_.l2 * w[k] * w[k];
    }
    return sum;
  }

  /// With c = X^T r, and t such that t |c_j| <= l1 for all j (t = 1 for l2 > 0), a sum of terms
  /// that are not negative: of the divergence of the probabilities that t gives, and for each j
  ///     l1 |w_j| + l2 w_j^2 / 2 - t c_j w_j + (|c_j| - l1)_+^2 / (2 l2).
  double gap_with(const OutsideColumns& outside) const {
    const Quadratic& f = set_.f;
    const double* w = f.w.data();
    const double* c = f.g.data();
    const bool ridge = level_.l2 > 0.0;
    double top = outside.largest;
    for (Index k = 0; k < f.size; ++k) top = std::max(top, std::fabs(c[k]));
    const double t = !ridge && top > level_.l1 ? level_.l1 / top : 1.0;
    double gap = t < 1.0 ? std::max(divergence(t), 0.0) : 0.0;
    if (ridge) gap += 0.5 * outside.excess / level_.l2;
    for (Index k = 0; k < f.size; ++k) {
      const double over = ridge ? std::max(std::fabs(c[k]) - level_.l1, 0.0) : 0.0;
      double part = level_.l1 * std::fabs(w[k]) + (0.5 * level_.l2 * w[k] - t * c[k]) * w[k];
      if (ridge) part += 0.5 * over * over / level_.l2;
      gap += std::max(part, 0.0);
    }
    return gap;
  }

  /// Of t p from p, the probabilities of the classes that the rows do not have, for t < 1:
  /// objectives::Logistic::gap for all rows, in vectors.
  double divergence(double t) const {
    const Index n = margins_.size();
    const double* weight = weight_;
    const double* y = y_;
    const double* z = margins_.data();
    const double* residual = residual_.data();
    const double entropy = t > 0.0 ? t * std::log(t) : 0.0;
    double sum = 0.0;
#pragma omp simd reduction(+ : sum)
    for (Index i = 0; i < n; ++i) {
      const double m = -y[i] * z[i];
      const double over =
          m > 700.0 ? m - 700.0 : 0.0;  // log1p(c e^m) = log1p(c e^700) + over there
      const double odds = stable::exp(m - over);
      const double s = weight == nullptr ? 1.0 : weight[i];
      const double wrong = std::fabs(residual[i]);  // s p
      sum += wrong * entropy + (s - t * wrong) * (stable::log1p_positive((1.0 - t) * odds) + over);
    }
    return sum;
  }

  bool grow(NearColumns& found) {
    const Columns fresh = found.worst(level_.l1, std::max<std::size_t>(50, set_.columns().size()));
    set_.list_zeros(fresh);
    return !fresh.empty();
  }

  /// One step on the working set, by curvatures of this point or of an earlier one. False if the
  /// objective does not fall any more.
  template <class Penalty>
  bool step(const Penalty& penalty, double goal, double value) {
    Quadratic& f = set_.f;
    const Index m = f.size;
    const bool renewed = prepare_model();
    products_inside();
    const Vector before = f.w.head(m);
    f.q.head(m) = f.g.head(m);
    for (Index k = 0; k < m; ++k) {
      if (before[k] != 0.0) f.q.head(m) += before[k] * f.gram.col(k).head(m);
    }
    f.squares = before.dot(Vector(f.q.head(m) + f.g.head(m)));
    for (Index i = 0; i < margins_.size(); ++i) {
      if (curvature_[i] > 0.0) f.squares += residual_[i] * residual_[i] / curvature_[i];
    }
    const double gap = gap_of(f, level_, {}).gap;
    const double share = std::min(0.1, std::sqrt(gap / std::max(value, 1e-300)));
    GramDescent<Penalty> descent(f, penalty, level_);
    descent.run(std::max(0.1 * share * gap, 0.01 * goal), 10000);
    products_known_ = 0;  // the descent has overwritten them
    const Vector wanted = f.w.head(m);
    f.w.head(m) = before;
    if (search(before, wanted)) return true;
    if (renewed && precise_) return false;
    precise_ = renewed;
    outdated_ = true;
    return step(penalty, goal, value);
  }

  /// The Gram matrix of the working set, weighted by curvatures. They change little near the end,
  /// and a matrix of somewhat older ones is as good there: it is kept while the steps that it gives
  /// lower the gap quickly, and extended when a few columns come. In single precision first: where
  /// columns nearly depend on each other, that makes steps short. True if it is of this point.
  bool prepare_model() {
    const Index m = set_.f.size;
    const Index known = model_size_;
    const bool extends = known > 0 && !outdated_ && 8 * (m - known) <= known;
    if (extends && m == known) return false;
    const Columns& columns = set_.columns();
    const Columns fresh(columns.begin() + (extends ? known : 0), columns.end());
    if (!extends) {
      if (m > known) precise_ = false;
      model_root_ = curvature_.cwiseSqrt();
      model_total_ = curvature_.sum();
      model_mean_.setZero(data_.features());
    }
    if (data_.intercept()) {
      const Vector squares = model_root_.cwiseAbs2();
      Vector means(static_cast<Index>(fresh.size()));
      data_.columns().dots(fresh, squares.data(), means.data());
      for (std::size_t k = 0; k < fresh.size(); ++k) {
        model_mean_[fresh[k]] = means[static_cast<Index>(k)] / model_total_;
      }
    }
    const Index first = extends ? known : 0;
    const double* root = model_root_.data();
    Matrix gram;
    if (precise_) data_.columns().products(columns, fresh, root, model_mean_, gram);
    else data_.columns().rough_gram(columns, first, root, model_mean_, gram);
    set_.f.gram.block(0, first, m, m - first) = gram;
    set_.f.gram.block(first, 0, m - first, first) = gram.topRows(first).transpose();
    if (!precise_) {  // what is known was raised for fewer columns
      set_.f.gram.diagonal().head(first) *=
          (1.0 + Design::single_precision_loss(m)) / (1.0 + Design::single_precision_loss(first));
    }
    model_size_ = m;
    outdated_ = false;
    return !extends;
  }

  /// Goes from `before` towards `wanted` as far as the objective falls as promised.
  bool search(const Vector& before, const Vector& wanted) {
    const Vector direction = wanted - before;
    Vector image = Vector::Zero(margins_.size());
    double shift = 0.0;
    Columns moving;
    std::vector<double> steps;
    for (Index k = 0; k < direction.size(); ++k) {
      if (direction[k] == 0.0) continue;
      const Index j = set_.columns()[static_cast<std::size_t>(k)];
      moving.push_back(j);
      steps.push_back(direction[k]);
      shift -= direction[k] * model_mean_[j];
    }
    if (moving.empty()) return false;
    data_.columns().add(moving, steps.data(), image.data());
    if (data_.intercept()) {
      shift += residual_.sum() / curvature_.sum();
      image.array() += shift;
    }
    const double start = loss_ + penalty_value(before);
    const double promised = -residual_.dot(image) + penalty_value(wanted) - penalty_value(before);
    const Vector margins = margins_;
    const double intercept = intercept_;
    double t = 1.0;
    for (int trial = 0; trial < 40; ++trial, t *= 0.5) {
      margins_ = margins + t * image;
      intercept_ = intercept + t * shift;
      set_.f.w.head(direction.size()) = t == 1.0 ? wanted : Vector(before + t * direction);
      evaluate();
      const double reached = loss_ + penalty_value(set_.f.w);
      // Near the end the value is flat to rounding, and the products still get better.
      at_rounding_ = t == 1.0 && std::fabs(promised) <= 1e-11 * start;
      const bool falls = reached <= start + 1e-4 * t * promised && reached < start;
      if (falls || (at_rounding_ && reached <= start * (1.0 + 1e-13))) {
        settle_intercept();
        return true;
      }
    }
    margins_ = margins;
    intercept_ = intercept;
    set_.f.w.head(direction.size()) = before;
    evaluate();
    return false;
  }

  WorkingSet set_;
  ElasticNetData& data_;
  const double* y_;
  const double* weight_;
  const SparseLogisticOptions& options_;
  ElasticLevel level_;
  KnownProducts known_;
  Vector margins_;
  Vector residual_;
  Vector curvature_;
  Index products_known_ = 0;  // columns of the working set with products of this residual
  double loss_ = 0.0;
  double intercept_ = 0.0;
  Vector model_root_;  // square roots of the curvatures in the Gram matrix
  Vector model_mean_;
  double model_total_ = 0.0;
  Index model_size_ = 0;  // columns that it has
  bool precise_ = false;  // in double precision
  bool outdated_ = false;  // it is to be made anew
  bool at_rounding_ = false;  // what the last step promised was lost in rounding
};

}  // namespace

SparseLogisticFit sparse_logistic(ElasticNetData& data, const double* y, const double* weight,
                                  const Vector& start, const SparseLogisticOptions& options) {
  return SparseLogistic(data, y, weight, options).run(start);
}

}  // namespace optlite
