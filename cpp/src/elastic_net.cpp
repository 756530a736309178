#include "optlite/drivers/elastic_net.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

#include "optlite/penalties/elastic_net.hpp"
#include "optlite/penalties/l1.hpp"
#include "optlite/penalties/non_negative_elastic_net.hpp"
#include "working_set.hpp"

namespace optlite {

namespace {

double largest_size(const Vector& moments, bool positive) {
  double top = 0.0;
  for (const double c : moments) top = std::max(top, positive ? c : std::fabs(c));
  return top;
}

}  // namespace

/// A path for one target.
class ElasticNetTarget::Solver {
 public:
  Solver(const ElasticNetData& data, const Vector& y, const Vector& moments, double squares,
         const ElasticNetOptions& options, const Matrix* gram)
      : set(data, squares),
        data_(data),
        y_(y),
        moments_(moments),
        options_(options),
        at_zero_(0.5 * squares),
        whole_(gram != nullptr),
        residual_(y) {
    if (whole_) set.take_all(*gram, moments);
    else known_.start(data, moments, y);
  }

  WorkingSet set;

  void start(const Vector& coefficients) {
    Columns support;
    for (Index j = 0; j < coefficients.size(); ++j) {
      if (coefficients[j] != 0.0) support.push_back(j);
    }
    if (support.empty()) return;
    if (!whole_) set.add(support, moments_);
    for (std::size_t k = 0; k < set.columns().size(); ++k) {
      set.f.w[static_cast<Index>(k)] = coefficients[set.columns()[k]];
    }
    set.f.refresh();
    residual_ = set.residual(y_);
    cold_ = false;
  }

  /// One strength, after stages in between if it is far below the one before.
  template <class Penalty>
  ElasticNetFit solve(const Penalty& penalty, double strength, bool more_to_come) {
    const double total = data_.total_weight();
    ElasticLevel level{strength * options_.l1_ratio * total,
                       strength * (1.0 - options_.l1_ratio) * total, options_.positive};
    ahead_ = more_to_come ? 0.9 : 1.0;
    ElasticNetFit stage;
    if (cold_) {
      const double top = largest_size(moments_, options_.positive);
      for (double l1 = 0.3 * top; l1 > 1.5 * level.l1; l1 *= 0.5) {
        const double share = l1 / level.l1;
        approach(penalty, {l1, level.l2 * share, level.positive}, stage);
      }
    }
    cold_ = false;
    ElasticNetFit fit;
    fit.n_iter = stage.n_iter;
    prune(level);
    const GapOfPoint point = descend(penalty, level, options_.tolerance, fit);
    fit.value = point.value / total;
    fit.gap = point.gap / total;
    fit.relative_gap = point.relative(at_zero_);
    return fit;
  }

 private:
  /// Solves roughly for a level on the way, on the columns that violate it at this point. Whether
  /// others do at the next one is found by the look at the next level: each level costs one.
  template <class Penalty>
  void approach(const Penalty& penalty, const ElasticLevel& level, ElasticNetFit& fit) {
    if (!whole_) {
      NearColumns found = look_outside(level);
      grow(found, level);
    }
    GramDescent<Penalty> descent(set.f, penalty, level);
    const double goal = 5e-2 * gap_of(set.f, level, {}).value;
    fit.n_iter += descent.run(goal, options_.max_iterations - fit.n_iter);
    set.f.refresh();
    residual_is_old_ = true;
    interrupt::poll();
  }

  template <class Penalty>
  GapOfPoint descend(const Penalty& penalty, const ElasticLevel& level, double tolerance,
                     ElasticNetFit& fit) {
    bool exhausted = false;  // rounding ended the sweeps
    bool refined = false;    // they started from products of X itself
    double last = infinity;
    while (true) {
      NearColumns found;
      if (!whole_) found = look_outside(level);
      GapOfPoint point = gap_of(set.f, level, found.outside);
      const double wanted = tolerance * point.value;
      const bool anchored = exhausted || set.rounding() > 0.1 * wanted;
      if (anchored) {
        set.anchor(residual());
        point = gap_of(set.f, level, found.outside);
      }
      const bool grown = !whole_ && grow(found, level);
      const bool stuck = exhausted && refined && !grown && !(point.gap < 0.5 * last);
      fit.status = point.relative(at_zero_) <= tolerance   ? Status::converged
                   : !std::isfinite(point.gap)             ? Status::not_finite
                   : stuck                                 ? Status::precision_limit
                   : fit.n_iter >= options_.max_iterations ? Status::iteration_limit
                                                           : Status::running;
      if (fit.status != Status::running) return point;
      last = point.gap;
      refined = anchored;
      GramDescent<Penalty> descent(set.f, penalty, level);
      const double goal = std::max(0.25 * wanted, grown ? 0.1 * point.gap : 0.0);
      fit.n_iter += descent.run(goal, options_.max_iterations - fit.n_iter);
      exhausted = descent.exhausted();
      if (!anchored) set.f.refresh();
      residual_is_old_ = true;
      interrupt::poll();
    }
  }

  const Vector& residual() {
    if (residual_is_old_) residual_ = set.residual(y_);
    residual_is_old_ = false;
    return residual_;
  }

  NearColumns look_outside(const ElasticLevel& level) {
    const double inside = gap_of(set.f, level, {}).largest;
    const double threshold = std::max(level.l1, inside);
    return columns_above(threshold, level, residual(), data_, known_,
                         [&](Index j) { return set.contains(j); });
  }

  /// Takes in columns that violate the condition for staying at zero, the worst first; of those
  /// that came close to it, too, if lower levels are to come. They are few: one more look costs
  /// less than the products of columns that stay at zero, once the worst are not.
  bool grow(NearColumns& found, const ElasticLevel& level) {
    if (!(found.outside.largest > level.l1)) return false;
    const std::size_t most = std::max<std::size_t>(100, set.support().size() / 2);
    const Columns fresh = found.worst(ahead_ * level.l1, most);
    if (fresh.empty()) return false;
    set.add(fresh, moments_);
    return true;
  }

  /// Forgets columns that have been at zero and are far from leaving it, once they are many.
  void prune(const ElasticLevel& level) {
    if (whole_) return;
    const Quadratic& f = set.f;
    std::vector<Index> kept;
    Columns left;
    std::vector<double> products;
    for (Index k = 0; k < f.size; ++k) {
      if (f.w[k] != 0.0 || level.size(f.g[k]) > 0.8 * level.l1) {
        kept.push_back(k);
      } else {
        left.push_back(set.columns()[static_cast<std::size_t>(k)]);
        products.push_back(f.g[k]);
      }
    }
    if (static_cast<Index>(left.size()) < 100 + f.size / 4) return;
    known_.set(left, Eigen::Map<const Vector>(products.data(), static_cast<Index>(products.size())),
               residual());
    set.keep(kept);
  }

  const ElasticNetData& data_;
  const Vector& y_;
  const Vector& moments_;
  const ElasticNetOptions& options_;
  double at_zero_;
  bool whole_;
  bool cold_ = true;
  double ahead_ = 1.0;
  KnownProducts known_;
  Vector residual_;
  bool residual_is_old_ = false;
};

ElasticNetTarget::ElasticNetTarget(ElasticNetData& data, const double* y, bool whole)
    : data_(data), whole_(whole), y_(ConstVectorMap(y, data.rows())) {
  if (data.intercept()) {
    mean_ = weighted_mean(data, y_);
    y_.array() -= mean_;
  }
  squares_ = data.dot(y_, y_);
  if (whole) data.gram(y_, moments_);
  else moments_ = data.moments(y_);
}

bool ElasticNetTarget::is_finite() const {
  return std::isfinite(squares_) && moments_.allFinite() && data_.norms().allFinite();
}

double ElasticNetTarget::largest_strength(bool positive_only) const {
  return largest_size(moments_, positive_only) / data_.total_weight();
}

ElasticNetPath ElasticNetTarget::path(const std::vector<double>& strengths, const Vector& start,
                                      const ElasticNetOptions& options) {
  const Matrix* gram = whole_ ? &data_.known_gram() : nullptr;
  Solver solver(data_, y_, moments_, squares_, options, gram);
  solver.start(start);
  ElasticNetPath path;
  path.coefficients.setZero(data_.features(), static_cast<Index>(strengths.size()));
  const auto run = [&](const auto& penalty) {
    for (std::size_t k = 0; k < strengths.size(); ++k) {
      path.fits.push_back(solver.solve(penalty, strengths[k], k + 1 < strengths.size()));
      for (std::size_t c = 0; c < solver.set.columns().size(); ++c) {
        path.coefficients(solver.set.columns()[c], static_cast<Index>(k)) =
            solver.set.f.w[static_cast<Index>(c)];
      }
    }
  };
  if (options.positive) run(penalties::NonNegativeElasticNet{options.l1_ratio});
  else if (options.l1_ratio == 1.0) run(penalties::L1{});
  else run(penalties::ElasticNet{options.l1_ratio});
  return path;
}

}  // namespace optlite
