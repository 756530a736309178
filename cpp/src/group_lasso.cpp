#include "optlite/drivers/group_lasso.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "group_descent.hpp"

namespace optlite {

namespace {

/// Multiplications below which the Gram matrix of all columns costs nothing.
constexpr double small_work = 2e7;

bool is_small(const ColumnDesign& X) {
  const double d = static_cast<double>(X.cols());
  return static_cast<double>(X.entries()) * d <= 2.0 * small_work;
}

}  // namespace

/// A path for the targets.
class GroupLassoTarget::Solver {
 public:
  Solver(const GroupLassoTarget& problem, const GroupLassoOptions& options)
      : data_(problem.data_),
        Y_(problem.Y_),
        groups_(problem.groups_),
        options_(options),
        at_zero_(0.5 * problem.squares_),
        outside_(problem.moments_),
        residual_(Y_),
        place_(groups_.columns.size(), -1),
        screened_(groups_.columns.size(), 0) {
    f_.squares = problem.squares_;
    f_.q = f_.w = f_.g = RowMatrix::Zero(0, Y_.cols());
    if (is_small(data_.columns())) {
      std::vector<std::size_t> all(groups_.columns.size());
      for (std::size_t k = 0; k < all.size(); ++k) all[k] = k;
      add(all);
    }
  }

  void start(const RowMatrix& W) {
    std::vector<std::size_t> support;
    for (std::size_t k = 0; k < groups_.columns.size(); ++k) {
      bool any = false;
      for (const Index j : groups_.columns[k]) any |= !W.row(j).isZero(0.0);
      if (any) cold_ = false;
      if (any && place_[k] < 0) support.push_back(k);
    }
    if (cold_) return;
    add(support);
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      const Index j = columns_[c];
      if (data_.norms()[j] > 0.0) f_.w.row(static_cast<Index>(c)) = W.row(j);
    }
  }

  /// One strength, after stages in between if it is far below the one before.
  ElasticNetFit solve(double strength) {
    const double total = data_.total_weight();
    const GroupLevel& mix = options_.mix;
    const double size = strength * total;
    const GroupLevel level{mix.l1 * size, mix.norm * size, mix.ridge * size};
    ElasticNetFit stage;
    if (cold_ && !is_small(data_.columns())) {
      const double top = first_strength_ / strength;
      for (double share = 0.3 * top; share > 1.5; share *= 0.3) {
        descend({level.l1 * share, level.norm * share, level.ridge * share}, 5e-2, stage);
      }
    }
    cold_ = false;
    ElasticNetFit fit;
    fit.n_iter = stage.n_iter;
    prune(level);
    const GroupGap::Point point = descend(level, options_.tolerance, fit);
    fit.value = point.value / total;
    fit.gap = point.gap / total;
    fit.relative_gap = point.relative(at_zero_);
    return fit;
  }

  /// The strength at which the first group leaves zero.
  void begin_at(double strength) { first_strength_ = strength; }

  RowMatrix coefficients() const {
    RowMatrix W = RowMatrix::Zero(data_.features(), Y_.cols());
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      W.row(columns_[c]) = f_.w.row(static_cast<Index>(c));
    }
    return W;
  }

 private:
  GroupGap::Point descend(const GroupLevel& level, double tolerance, ElasticNetFit& fit) {
    std::fill(screened_.begin(), screened_.end(), 0);
    bool exhausted = false;  // rounding ended the sweeps
    double last = infinity;
    while (true) {
      anchor();
      look_outside();
      const GroupGap::Point point = gap(level);
      screen(level, point);
      const bool grown = grow(level);
      const bool stuck = exhausted && !grown && !(point.gap < 0.5 * last);
      fit.status = point.relative(at_zero_) <= tolerance   ? Status::converged
                   : !std::isfinite(point.gap)             ? Status::not_finite
                   : stuck                                 ? Status::precision_limit
                   : fit.n_iter >= options_.max_iterations ? Status::iteration_limit
                                                           : Status::running;
      if (fit.status != Status::running) return point;
      last = point.gap;
      GroupDescent descent(f_, level);
      const double wanted = tolerance * point.value;
      const double goal = std::max(0.25 * wanted, grown ? 0.1 * point.gap : 0.0);
      fit.n_iter += descent.run(goal, options_.max_iterations - fit.n_iter);
      exhausted = descent.exhausted();
      interrupt::poll();
    }
  }

  /// The residual from X, and with it the products: those of the descent have lost digits.
  void anchor() {
    residual_ = Y_;
    Columns active;
    std::vector<Index> rows;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (f_.w.row(static_cast<Index>(c)).isZero(0.0)) continue;
      active.push_back(columns_[c]);
      rows.push_back(static_cast<Index>(c));
    }
    std::vector<double> coefficients(active.size());
    f_.squares = 0.0;
    for (Index t = 0; t < Y_.cols(); ++t) {
      double shift = 0.0;
      for (std::size_t k = 0; k < active.size(); ++k) {
        coefficients[k] = -f_.w(rows[k], t);
        shift -= coefficients[k] * data_.mean()[active[k]];
      }
      data_.columns().add(active, coefficients.data(), residual_.col(t).data());
      if (data_.intercept()) residual_.col(t).array() += shift;
      if (!columns_.empty()) f_.g.col(t) = data_.products(&columns_, residual_.col(t));
      f_.squares += data_.dot(residual_.col(t), residual_.col(t));
    }
    f_.q = f_.g;
    for (const Index row : rows) f_.q.noalias() += f_.gram.col(row) * f_.w.row(row);
    f_.squares += f_.w.cwiseProduct(f_.q + f_.g).sum();
  }

  /// The products of the other groups, unless they have been dropped.
  void look_outside() {
    Columns list;
    for (std::size_t k = 0; k < groups_.columns.size(); ++k) {
      if (place_[k] >= 0 || screened_[k]) continue;
      for (const Index j : groups_.columns[k]) list.push_back(j);
    }
    if (list.empty()) return;
    const bool most = 4 * list.size() > static_cast<std::size_t>(3 * data_.features());
    for (Index t = 0; t < Y_.cols(); ++t) {
      const Vector found = data_.products(most ? nullptr : &list, residual_.col(t));
      for (std::size_t k = 0; k < list.size(); ++k) {
        outside_(list[k], t) = found[most ? list[k] : static_cast<Index>(k)];
      }
    }
  }

  /// The products of a group in a row, as its block of W would be.
  const std::vector<double>& gathered(std::size_t k) {
    block_.clear();
    for (const Index j : groups_.columns[k]) {
      for (Index t = 0; t < Y_.cols(); ++t) block_.push_back(outside_(j, t));
    }
    return block_;
  }

  GroupGap::Point gap(const GroupLevel& level) {
    GroupGap parts(level);
    for (const Block& block : f_.blocks) {
      parts.take(f_.at(f_.w, block), f_.at(f_.g, block), block.size * f_.tasks(), block.weight);
    }
    for (std::size_t k = 0; k < groups_.columns.size(); ++k) {
      if (place_[k] >= 0 || screened_[k]) continue;
      const std::vector<double>& c = gathered(k);
      parts.take(nullptr, c.data(), static_cast<Index>(c.size()), weight(k));
    }
    return parts.finish(f_.residual_squares());
  }

  /// Drops groups that are zero in every solution: their constraint of the dual problem is slack in
  /// the whole ball, of radius (2 gap)^(1/2) about the dual point, in which its solution lies.
  void screen(const GroupLevel& level, const GroupGap::Point& point) {
    if (!std::isfinite(point.scaled_gap)) return;
    // Beside the radius, products have rounding errors of their own.
    const double reach =
        std::sqrt(2.0 * point.scaled_gap) * (1.0 + 1e-10) + 1e-14 * std::sqrt(2.0 * point.value);
    for (std::size_t k = 0; k < groups_.columns.size(); ++k) {
      if (place_[k] >= 0 || screened_[k]) continue;
      gathered(k);
      double square = 0.0;
      std::size_t at = 0;
      const Index count = static_cast<Index>(block_.size());
      const double centre = soft_norm(block_.data(), count, level.l1, point.scale);
      for (const Index j : groups_.columns[k]) {
        const double norm = std::hypot(data_.norms()[j], std::sqrt(level.ridge));
        square += norm * norm;
        for (Index t = 0; t < Y_.cols(); ++t, ++at) {
          block_[at] = std::fabs(point.scale * block_[at]) + reach * norm;
        }
      }
      const double farthest =
          std::min(centre + reach * std::sqrt(square), soft_norm(block_.data(), count, level.l1));
      screened_[k] = farthest < level.norm * weight(k) * (1.0 - 1e-12);
    }
  }

  /// Takes in groups that violate the condition for staying at zero, the worst first. They are few:
  /// where columns are correlated, most of those that violate it beside one that is missing do not
  /// once it is there.
  bool grow(const GroupLevel& level) {
    std::vector<std::pair<double, std::size_t>> violators;
    for (std::size_t k = 0; k < groups_.columns.size(); ++k) {
      if (place_[k] >= 0 || screened_[k]) continue;
      const std::vector<double>& c = gathered(k);
      const double size = soft_norm(c.data(), static_cast<Index>(c.size()), level.l1);
      const double bound = level.norm * weight(k);
      if (size > bound) violators.emplace_back((bound - size) / (bound + level.l1), k);
    }
    std::sort(violators.begin(), violators.end());
    std::vector<std::size_t> fresh;
    const std::size_t most = std::max<std::size_t>(100, support_size() / 2);
    std::size_t width = 0;
    for (const auto& [size, k] : violators) {
      width += groups_.columns[k].size();
      if (!fresh.empty() && width > most) break;
      fresh.push_back(k);
    }
    std::sort(fresh.begin(), fresh.end());
    add(fresh);
    return !fresh.empty();
  }

  /// Columns of the groups that are not at zero.
  std::size_t support_size() const {
    std::size_t size = 0;
    for (const Block& block : f_.blocks) {
      const bool zero = f_.w.middleRows(block.begin, block.size).isZero(0.0);
      if (!zero) size += static_cast<std::size_t>(block.size);
    }
    return size;
  }

  /// Their coefficients are zero, their products those of the last look.
  void add(const std::vector<std::size_t>& fresh) {
    if (fresh.empty()) return;
    Columns wide;
    const Index before = f_.size();
    for (const std::size_t k : fresh) {
      const Columns& own = groups_.columns[k];
      place_[k] = static_cast<Index>(f_.blocks.size());
      const Index begin = before + static_cast<Index>(wide.size());
      f_.blocks.push_back({begin, static_cast<Index>(own.size()), weight(k), 0.0});
      members_.push_back(k);
      wide.insert(wide.end(), own.begin(), own.end());
    }
    columns_.insert(columns_.end(), wide.begin(), wide.end());
    Matrix products;
    data_.columns().products(columns_, wide, data_.root_weight(), data_.mean(), products);
    const Index width = static_cast<Index>(wide.size());
    const Index m = before + width;
    f_.gram.conservativeResize(m, m);
    f_.gram.rightCols(width) = products;
    f_.gram.block(before, 0, width, before) = products.topRows(before).transpose();
    for (RowMatrix* table : {&f_.q, &f_.w, &f_.g}) table->conservativeResize(m, Y_.cols());
    f_.w.bottomRows(width).setZero();
    for (Index k = 0; k < width; ++k) {
      f_.g.row(before + k) = outside_.row(wide[static_cast<std::size_t>(k)]);
    }
    f_.q.bottomRows(width) = f_.g.bottomRows(width) + products.transpose() * f_.w;
    for (std::size_t b = f_.blocks.size() - fresh.size(); b < f_.blocks.size(); ++b) {
      Block& block = f_.blocks[b];
      block.curvature =
          eigenvalue_bound(f_.gram.block(block.begin, block.begin, block.size, block.size));
    }
  }

  /// Forgets groups that have been at zero and are far from leaving it, once they are many.
  void prune(const GroupLevel& level) {
    std::vector<std::size_t> kept;
    Index left = 0;
    for (std::size_t b = 0; b < f_.blocks.size(); ++b) {
      const Block& block = f_.blocks[b];
      const double size = soft_norm(f_.at(f_.g, block), block.size * f_.tasks(), level.l1);
      const bool zero = f_.w.middleRows(block.begin, block.size).isZero(0.0);
      if (zero && size <= 0.8 * level.norm * block.weight) left += block.size;
      else kept.push_back(b);
    }
    if (is_small(data_.columns()) || left < 100 + f_.size() / 4) return;
    keep(kept);
  }

  /// Leaves the blocks that are listed, in ascending order; the others must be at zero.
  void keep(const std::vector<std::size_t>& kept) {
    std::vector<Block> blocks;
    std::vector<std::size_t> members;
    std::vector<Index> rows;
    Columns columns;
    std::fill(place_.begin(), place_.end(), -1);
    for (const std::size_t b : kept) {
      Block block = f_.blocks[b];
      for (Index a = 0; a < block.size; ++a) {
        rows.push_back(block.begin + a);
        columns.push_back(columns_[static_cast<std::size_t>(block.begin + a)]);
      }
      block.begin = static_cast<Index>(rows.size()) - block.size;
      place_[members_[b]] = static_cast<Index>(blocks.size());
      members.push_back(members_[b]);
      blocks.push_back(block);
    }
    const Index m = static_cast<Index>(rows.size());
    Matrix gram(m, m);
    RowMatrix w(m, Y_.cols());
    for (Index c = 0; c < m; ++c) {
      w.row(c) = f_.w.row(rows[static_cast<std::size_t>(c)]);
      for (Index r = 0; r < m; ++r) {
        gram(r, c) = f_.gram(rows[static_cast<std::size_t>(r)], rows[static_cast<std::size_t>(c)]);
      }
    }
    f_.blocks = std::move(blocks);
    f_.gram = std::move(gram);
    f_.w = w;
    f_.q = f_.g = RowMatrix::Zero(m, Y_.cols());  // found by anchor()
    members_ = std::move(members);
    columns_ = std::move(columns);
  }

  double weight(std::size_t k) const { return groups_.weights[static_cast<Index>(k)]; }

  const ElasticNetData& data_;
  const Matrix& Y_;
  const Groups& groups_;
  const GroupLassoOptions& options_;
  double at_zero_;
  GroupQuadratic f_;
  Columns columns_;                   // of the rows of f_.w
  std::vector<std::size_t> members_;  // the group of each block
  RowMatrix outside_;                 // the last known products of all columns
  Matrix residual_;
  std::vector<Index> place_;   // the block of each group, or -1
  std::vector<char> screened_;  // at this level
  std::vector<double> block_;
  bool cold_ = true;
  double first_strength_ = 0.0;
};

GroupLassoTarget::GroupLassoTarget(ElasticNetData& data, Matrix Y, Groups groups)
    : data_(data), groups_(std::move(groups)), mean_(Vector::Zero(Y.cols())), Y_(std::move(Y)) {
  moments_.resize(data.features(), Y_.cols());
  for (Index t = 0; t < Y_.cols(); ++t) {
    Vector y = Y_.col(t);
    if (data.intercept()) {
      mean_[t] = weighted_mean(data, y);
      y.array() -= mean_[t];
    }
    Y_.col(t) = y;
    squares_ += data.dot(y, y);
    moments_.col(t) = data.moments(y);
  }
}

bool GroupLassoTarget::is_finite() const {
  return std::isfinite(squares_) && moments_.allFinite() && data_.norms().allFinite();
}

double GroupLassoTarget::largest_strength(const GroupLevel& mix) const {
  double top = 0.0;
  for (std::size_t k = 0; k < groups_.columns.size(); ++k) {
    std::vector<double> c;
    for (const Index j : groups_.columns[k]) {
      for (Index t = 0; t < tasks(); ++t) c.push_back(moments_(j, t));
    }
    const double radius = mix.norm * groups_.weights[static_cast<Index>(k)];
    // The strength a with |soft(c, a l1)| = a radius is 1 / t for |soft(t c, l1)| = radius.
    top = std::max(top, 1.0 / feasible_scale(c, mix.l1, radius));
  }
  return top / data_.total_weight();
}

GroupLassoPath GroupLassoTarget::path(const std::vector<double>& strengths, const RowMatrix& start,
                                      const GroupLassoOptions& options) {
  Solver solver(*this, options);
  if (start.size() > 0) solver.start(start);
  solver.begin_at(largest_strength(options.mix));
  GroupLassoPath path;
  for (const double strength : strengths) {
    path.fits.push_back(solver.solve(strength));
    path.coefficients.push_back(solver.coefficients());
  }
  return path;
}

}  // namespace optlite
