// Which columns a sparse model need not read, and which no solution can have.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>
#include <vector>

#include "coefficient_blocks.hpp"
#include "known_products.hpp"

namespace optlite {

/// Places of coefficients at zero with bounds on the sizes of their derivatives, the largest first.
using Sizes = std::vector<std::pair<double, Index>>;

/// Of a penalty of ranks, how many of these may not stay at zero while the ranks before `first` are
/// taken: up to the last rank at which the sum of the sizes reaches that of the levels (Larsson,
/// Bogdan and Wallin, The strong screening rule for SLOPE, 2020, algorithm 1). Whatever is smaller
/// than its bound only makes them fewer, and none of the others is among them then: one that were
/// would reach the level of its last rank, and its bound is below that of a higher one.
template <class Level>
std::size_t count_rising(const Sizes& sizes, Index first, Level level) {
  double excess = 0.0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    excess += sizes[i].first - level(first + static_cast<Index>(i));
    if (excess < 0.0) continue;
    excess = 0.0;
    count = i + 1;
  }
  return count;
}

/// Callers say which coefficients are in the working set, `is_inside(place)`, and whether a block
/// violates its condition for being zero, `violates(block, zeros, c)` at products c with the
/// residual: the more so the larger their sizes are, or those of one sign.
class Screening {
 public:
  Screening(const ElasticNetData& data, const CoefficientBlocks& blocks)
      : data_(data), blocks_(blocks), dropped_(static_cast<std::size_t>(blocks.count()), 0) {
    if (blocks.are_one()) dropped_.assign(static_cast<std::size_t>(blocks.size(0)), 0);
  }

  /// Products of all columns with a residual for each output.
  Matrix read_all(const Matrix& residual) {
    known_.resize(static_cast<std::size_t>(residual.cols()));
    Matrix C(data_.features(), residual.cols());
    for (Index k = 0; k < residual.cols(); ++k) {
      C.col(k) = data_.products(nullptr, residual.col(k));
      known_[static_cast<std::size_t>(k)].start(data_, C.col(k), residual.col(k));
    }
    return C;
  }

  /// The same, but zero for coefficients that stay at zero whatever their products are within what
  /// is known of them: their condition sees no difference, and their columns are not read.
  template <class Inside, class Violates>
  Matrix products(const Matrix& residual, Inside is_inside, Violates violates) {
    estimate(residual);
    return read(residual, doubtful(is_inside, violates));
  }

  /// The same for a penalty of ranks at W: `level(rank)` with its strength.
  template <class Inside, class Level>
  Matrix products_of_ranks(const Matrix& residual, const Matrix& W, Inside is_inside, Level level) {
    estimate(residual);
    const auto is_zero = [&](Index p) { return W.data()[p] == 0.0; };
    const Sizes zeros = bounds(1.0, nullptr, is_zero);
    const Index taken = W.size() - static_cast<Index>(zeros.size());
    std::vector<char> may_leave(dropped_.size(), 0);
    for (std::size_t i = count_rising(zeros, taken, level); i > 0; --i) {
      may_leave[static_cast<std::size_t>(zeros[i - 1].second)] = 1;
    }
    return read(residual, listed([&](Index p) {
                  return may_leave[static_cast<std::size_t>(p)] != 0 || is_inside(p) || !is_zero(p);
                }));
  }

  void drop_none() { std::fill(dropped_.begin(), dropped_.end(), 0); }

  /// Drops blocks outside the working set that are zero in every solution: the constraint of the
  /// dual problem is slack in the whole ball about the dual point, `scale` times the residual, in
  /// which its solution lies. In it the product with a column changes by its `radius` at most
  /// (Ndiaye, Fercoq, Gramfort and Salmon, Gap safe screening rules for sparsity enforcing
  /// penalties, 2017, theorem 6).
  template <class Inside, class Violates>
  void drop(double scale, const Vector& radius, Inside is_inside, Violates violates) {
    for (Index b = 0; b < blocks_.count(); ++b) {
      if (is_dropped(b) || is_inside(blocks_.first(b)) || !(blocks_.strength(b) > 0.0)) continue;
      dropped_[static_cast<std::size_t>(b)] = stays(b, scale, &radius, violates) ? 1 : 0;
    }
  }

  /// The same for a penalty of ranks.
  template <class Inside, class Level>
  void drop_ranks(double scale, const Vector& radius, Inside is_inside, Level level) {
    const Sizes all = bounds(scale, &radius, [](Index) { return true; });
    for (std::size_t i = count_rising(all, 0, level); i < all.size(); ++i) {
      const Index p = all[i].second;
      if (!is_inside(p)) dropped_[static_cast<std::size_t>(p)] = 1;
    }
  }

  /// The coefficients of these blocks.
  std::vector<Index> dropped() const {
    std::vector<Index> found;
    for (Index p = 0; p < estimate_.size(); ++p) {
      if (is_dropped(blocks_.are_one() ? p : blocks_.of(p))) found.push_back(p);
    }
    return found;
  }

 private:
  bool is_dropped(Index block) const { return dropped_[static_cast<std::size_t>(block)] != 0; }

  Matrix read(const Matrix& residual, const std::vector<Columns>& lists) {
    Matrix C = Matrix::Zero(estimate_.rows(), estimate_.cols());
    for (Index k = 0; k < C.cols(); ++k) {
      const Columns& list = lists[static_cast<std::size_t>(k)];
      KnownProducts& known = known_[static_cast<std::size_t>(k)];
      if (!list.empty()) known.read(list, residual.col(k));
      for (const Index j : list) {
        estimate_(j, k) = C(j, k) = known.value(j);
        error_(j, k) = 0.0;
      }
    }
    return C;
  }

  void estimate(const Matrix& residual) {
    estimate_.resize(data_.features(), residual.cols());
    error_.resize(data_.features(), residual.cols());
    for (Index k = 0; k < residual.cols(); ++k) {
      known_[static_cast<std::size_t>(k)].each(residual.col(k),
                                               [&](Index j, double product, double error) {
                                                 estimate_(j, k) = product;
                                                 error_(j, k) = error;
                                               });
    }
  }

  /// The columns that have to be read, for each output: of the working set, and of blocks that may
  /// leave zero.
  template <class Inside, class Violates>
  std::vector<Columns> doubtful(Inside is_inside, Violates violates) const {
    std::vector<char> may_leave(dropped_.size(), 1);
    for (Index b = 0; b < blocks_.count(); ++b) {
      const bool quiet = is_dropped(b) || stays(b, 1.0, nullptr, violates);
      may_leave[static_cast<std::size_t>(b)] = quiet ? 0 : 1;
    }
    return listed([&](Index p) {
      return may_leave[static_cast<std::size_t>(blocks_.of(p))] != 0 || is_inside(p);
    });
  }

  /// Places, as columns for each output.
  template <class Wanted>
  std::vector<Columns> listed(Wanted wanted) const {
    const Index d = estimate_.rows();
    std::vector<Columns> lists(known_.size());
    for (Index p = 0; p < estimate_.size(); ++p) {
      if (wanted(p)) lists[static_cast<std::size_t>(p / d)].push_back(p % d);
    }
    return lists;
  }

  /// How far the product of a place may be from `scale` times its estimate, if that may be wrong by
  /// `radius` beside its error.
  double reach(Index place, double scale, const Vector* radius) const {
    const double error = scale * error_.data()[place];
    return radius == nullptr ? error : error + (*radius)[place % radius->size()];
  }

  /// Bounds on the sizes of products of the places that are wanted and not dropped, sorted.
  template <class Wanted>
  Sizes bounds(double scale, const Vector* radius, Wanted wanted) const {
    Sizes sizes;
    for (Index p = 0; p < estimate_.size(); ++p) {
      if (is_dropped(p) || !wanted(p)) continue;
      const double most = scale * std::fabs(estimate_.data()[p]) + reach(p, scale, radius);
      sizes.emplace_back(std::isfinite(most) ? most : infinity, p);
    }
    std::sort(sizes.begin(), sizes.end(), std::greater<>());
    return sizes;
  }

  /// Whether the penalty keeps a block at zero at all products within reach of the estimates.
  template <class Violates>
  bool stays(Index block, double scale, const Vector* radius, Violates violates) const {
    if (blocks_.are_single()) {
      const double none = 0.0;
      const double low = scale * estimate_.data()[block] - reach(block, scale, radius);
      const double high = scale * estimate_.data()[block] + reach(block, scale, radius);
      return std::isfinite(high - low) && !violates(block, &none, &low) &&
             !violates(block, &none, &high);
    }
    const Places& places = blocks_.places(block);
    Vector largest(blocks_.size(block));
    for (Index i = 0; i < largest.size(); ++i) {
      const Index p = places[static_cast<std::size_t>(i)];
      largest[i] = scale * std::fabs(estimate_.data()[p]) + reach(p, scale, radius);
    }
    const Vector zeros = Vector::Zero(largest.size());
    return largest.allFinite() && !violates(block, zeros.data(), largest.data());
  }

  const ElasticNetData& data_;
  const CoefficientBlocks& blocks_;
  std::vector<KnownProducts> known_;  // for each output
  Matrix estimate_;  // products of all columns with the residual,
  Matrix error_;     // each within this
  std::vector<char> dropped_;  // blocks; places, if one block is all
};

}  // namespace optlite
