// Products of columns with a residual that changes, as far as they have to be known.
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "optlite/drivers/elastic_net.hpp"

namespace optlite {

/// For a residual r' of which the product c' with column z is known, and any k,
///     |z . r - k c'| <= |z| |r - k r'|,
/// so that most columns need not be read again when the residual has changed a little. Both
/// products have rounding errors of their own, beside that.
class KnownProducts {
 public:
  /// The products of all columns with a first residual.
  void start(const ElasticNetData& data, Vector products, Vector residual) {
    data_ = &data;
    rounding_ = data.product_rounding();
    values_ = std::move(products);
    origin_.assign(static_cast<std::size_t>(values_.size()), 0);
    residuals_ = {std::move(residual)};
  }

  /// The last one that was read.
  double value(Index column) const { return values_[column]; }

  /// Calls `visit(column, product, error)` for all columns: the product with this residual is that
  /// number, up to an error of at most that size.
  template <class Visit>
  void each(const Vector& residual, Visit visit) const {
    const double length = std::sqrt(data_->dot(residual, residual));
    std::vector<double> scale;
    std::vector<double> distance;
    for (const Vector& earlier : residuals_) {
      const double squares = data_->dot(earlier, earlier);
      const double k = squares > 0.0 ? data_->dot(residual, earlier) / squares : 0.0;
      const Vector difference = residual - k * earlier;
      scale.push_back(k);
      distance.push_back(std::sqrt(data_->dot(difference, difference)));
    }
    for (Index j = 0; j < values_.size(); ++j) {
      const auto origin = static_cast<std::size_t>(origin_[static_cast<std::size_t>(j)]);
      visit(j, scale[origin] * values_[j],
            data_->norms()[j] * distance[origin] + 2.0 * rounding_[j] * length);
    }
  }

  /// Reads these columns; all of them where that costs little more.
  void read(const Columns& list, const Vector& residual) {
    const bool singly = data_->columns().reads_single_columns();
    const std::size_t few = static_cast<std::size_t>(values_.size()) / (singly ? 3 : 24);
    const std::size_t kept = std::min(most, static_cast<std::size_t>(values_.size()) / 8);
    if (list.size() <= few && residuals_.size() < kept) {
      set(list, data_->products(&list, residual), residual);
    } else {
      start(*data_, data_->products(nullptr, residual), residual);
    }
  }

  /// Takes products with this residual that have been found elsewhere.
  void set(const Columns& columns, const Vector& products, const Vector& residual) {
    if (residuals_.back() != residual) residuals_.push_back(residual);
    for (std::size_t k = 0; k < columns.size(); ++k) {
      values_[columns[k]] = products[static_cast<Index>(k)];
      origin_[static_cast<std::size_t>(columns[k])] = static_cast<int>(residuals_.size()) - 1;
    }
  }

 private:
  static constexpr std::size_t most =
      24;  // residuals that are kept: they cost memory and work, too

  const ElasticNetData* data_ = nullptr;
  Vector rounding_;  // of products with a residual of norm one
  Vector values_;
  std::vector<int> origin_;  // to which residual a value belongs
  std::vector<Vector> residuals_;
};

}  // namespace optlite
