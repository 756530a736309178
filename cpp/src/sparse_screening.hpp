// Which columns a sparse model need not read, and which no solution can have.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "coefficient_blocks.hpp"
#include "known_products.hpp"

namespace optlite {

/// Callers say which coefficients are in the working set, `is_inside(place)`, and whether a block
/// violates its condition for being zero, `violates(block, zeros, c)` at products c with the
/// residual: the more so the larger their sizes are, or those of one sign.
class Screening {
 public:
  Screening(const ElasticNetData& data, const CoefficientBlocks& blocks)
      : data_(data), blocks_(blocks), dropped_(static_cast<std::size_t>(blocks.count()), 0) {}

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
    const std::vector<Columns> lists = doubtful(is_inside, violates);
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

  void drop_none() { std::fill(dropped_.begin(), dropped_.end(), 0); }

  /// Drops blocks outside the working set that are zero in every solution: the constraint of the
  /// dual problem is slack in the whole ball about the dual point, `scale` times the residual, in
  /// which its solution lies. In it the product with a column changes by `radius` times the root
  /// of its square, at most (Ndiaye, Fercoq, Gramfort and Salmon, Gap safe screening rules for
  /// sparsity enforcing penalties, 2017, theorem 6).
  template <class Inside, class Violates>
  void drop(double scale, double radius, const Vector& squares, Inside is_inside,
            Violates violates) {
    if (blocks_.are_one()) return;
    const Vector norms = radius * squares.cwiseSqrt();
    for (Index b = 0; b < blocks_.count(); ++b) {
      if (is_dropped(b) || is_inside(blocks_.first(b)) || !(blocks_.strength(b) > 0.0)) continue;
      dropped_[static_cast<std::size_t>(b)] = stays(b, scale, &norms, violates) ? 1 : 0;
    }
  }

  /// The coefficients of these blocks.
  std::vector<Index> dropped() const {
    std::vector<Index> found;
    for (Index p = 0; p < estimate_.size(); ++p) {
      if (is_dropped(blocks_.of(p))) found.push_back(p);
    }
    return found;
  }

 private:
  bool is_dropped(Index block) const { return dropped_[static_cast<std::size_t>(block)] != 0; }

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
  /// leave zero. One block of all coefficients is read as a whole.
  template <class Inside, class Violates>
  std::vector<Columns> doubtful(Inside is_inside, Violates violates) const {
    const Index d = estimate_.rows();
    std::vector<char> may_leave(dropped_.size(), 1);
    for (Index b = 0; b < blocks_.count() && !blocks_.are_one(); ++b) {
      const bool quiet = is_dropped(b) || stays(b, 1.0, nullptr, violates);
      may_leave[static_cast<std::size_t>(b)] = quiet ? 0 : 1;
    }
    std::vector<Columns> lists(known_.size());
    for (Index p = 0; p < estimate_.size(); ++p) {
      if (may_leave[static_cast<std::size_t>(blocks_.of(p))] != 0 || is_inside(p)) {
        lists[static_cast<std::size_t>(p / d)].push_back(p % d);
      }
    }
    return lists;
  }

  /// Whether the penalty keeps a block at zero at all products within their errors, and `norms`, of
  /// `scale` times the estimates.
  template <class Violates>
  bool stays(Index block, double scale, const Vector* norms, Violates violates) const {
    const auto reach = [&](Index p) {
      const double error = scale * error_.data()[p];
      return norms == nullptr ? error : error + (*norms)[p % norms->size()];
    };
    if (blocks_.are_single()) {
      const double none = 0.0;
      const double low = scale * estimate_.data()[block] - reach(block);
      const double high = scale * estimate_.data()[block] + reach(block);
      return std::isfinite(high - low) && !violates(block, &none, &low) &&
             !violates(block, &none, &high);
    }
    const Places& places = blocks_.places(block);
    Vector largest(blocks_.size(block));
    for (Index i = 0; i < largest.size(); ++i) {
      const Index p = places[static_cast<std::size_t>(i)];
      largest[i] = scale * std::fabs(estimate_.data()[p]) + reach(p);
    }
    const Vector zeros = Vector::Zero(largest.size());
    return largest.allFinite() && !violates(block, zeros.data(), largest.data());
  }

  const ElasticNetData& data_;
  const CoefficientBlocks& blocks_;
  std::vector<KnownProducts> known_;  // for each output
  Matrix estimate_;  // products of all columns with the residual,
  Matrix error_;     // each within this
  std::vector<char> dropped_;  // blocks
};

}  // namespace optlite
