// The columns that an elastic net is solved on, and what is known of the others.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "gram_descent.hpp"
#include "optlite/drivers/elastic_net.hpp"

namespace optlite {

/// Products of the columns with the present residual, as far as they have to be known.
///
/// For a residual r' of which the product c' with column z is known, and any k,
///     |z . r| <= |k c'| + |z| |r - k r'|,
/// so that most columns need not be read again when the residual has changed a little.
class KnownProducts {
 public:
  /// The products of all columns with a first residual.
  void start(const ElasticNetData& data, Vector products, Vector residual) {
    data_ = &data;
    values_ = std::move(products);
    origin_.assign(static_cast<std::size_t>(values_.size()), 0);
    residuals_ = {std::move(residual)};
  }

  struct Found {
    OutsideColumns outside;
    std::vector<std::pair<double, Index>> near;  // size of the product, column: read, and not zero

    /// The columns of largest products above a level, at most so many, in order.
    Columns worst(double level, std::size_t most) const {
      std::vector<std::pair<double, Index>> chosen;
      for (const auto& [size, column] : near) {
        if (size > level) chosen.emplace_back(-size, column);
      }
      std::sort(chosen.begin(), chosen.end());
      if (chosen.size() > most) chosen.resize(most);
      Columns columns;
      for (const auto& entry : chosen) columns.push_back(entry.second);
      std::sort(columns.begin(), columns.end());
      return columns;
    }
  };

  /// Of the columns that are not `inside`: all whose product may exceed `threshold`, read.
  template <class Inside>
  Found above(double threshold, const ElasticLevel& level, const Vector& residual, Inside inside) {
    const Columns doubtful = exceeding(threshold, level, residual, inside);
    Found found;
    if (doubtful.empty()) return found;
    read(doubtful, residual);
    for (const Index j : doubtful) {
      const double size = level.size(values_[j]);
      found.outside.largest = std::max(found.outside.largest, size);
      const double excess = std::max(size - level.l1, 0.0);
      found.outside.excess += excess * excess;
      if (data_->norms()[j] > 0.0) found.near.emplace_back(size, j);
    }
    return found;
  }

  /// Takes a product with this residual that has been found elsewhere.
  void set(const Columns& columns, const Vector& products, const Vector& residual) {
    if (residuals_.back() != residual) residuals_.push_back(residual);
    for (std::size_t k = 0; k < columns.size(); ++k) {
      values_[columns[k]] = products[static_cast<Index>(k)];
      origin_[static_cast<std::size_t>(columns[k])] = static_cast<int>(residuals_.size()) - 1;
    }
  }

 private:
  static constexpr std::size_t most = 24;  // residuals that are kept

  template <class Inside>
  Columns exceeding(double threshold, const ElasticLevel& level, const Vector& residual,
                    Inside inside) const {
    const double length = std::sqrt(data_->dot(residual, residual));
    std::vector<double> scale;
    std::vector<double> distance;
    for (const Vector& earlier : residuals_) {
      const double squares = data_->dot(earlier, earlier);
      const double k = squares > 0.0 ? data_->dot(residual, earlier) / squares : 0.0;
      const Vector difference = residual - k * earlier;
      scale.push_back(k);
      // Beside what the bound says, products have rounding errors of their own.
      distance.push_back(std::sqrt(data_->dot(difference, difference)) + 1e-14 * length);
    }
    Columns doubtful;
    for (Index j = 0; j < values_.size(); ++j) {
      const auto origin = static_cast<std::size_t>(origin_[static_cast<std::size_t>(j)]);
      const double bound =
          level.size(scale[origin] * values_[j]) + data_->norms()[j] * distance[origin];
      if (bound > threshold && !inside(j)) doubtful.push_back(j);
    }
    return doubtful;
  }

  /// The products of these columns with the residual; of all of them where that costs little more.
  void read(const Columns& list, const Vector& residual) {
    const bool singly = data_->columns().reads_single_columns();
    const std::size_t few = static_cast<std::size_t>(values_.size()) / (singly ? 3 : 24);
    if (list.size() <= few && residuals_.size() < most) {
      set(list, data_->products(&list, residual), residual);
    } else {
      start(*data_, data_->products(nullptr, residual), residual);
    }
  }

  const ElasticNetData* data_ = nullptr;
  Vector values_;
  std::vector<int> origin_;  // to which residual a value belongs
  std::vector<Vector> residuals_;
};

/// Columns with their Gram matrix, in the order in which they came.
class WorkingSet {
 public:
  explicit WorkingSet(const ElasticNetData& data, double squares)
      : data_(data), place_(static_cast<std::size_t>(data.features()), -1) {
    f.squares = squares;
  }

  Quadratic f;

  bool contains(Index column) const { return place_[static_cast<std::size_t>(column)] >= 0; }
  const Columns& columns() const { return columns_; }

  /// All columns at once.
  void take_all(const Matrix& gram, const Vector& moments) {
    f.reserve(gram.rows());
    f.size = gram.rows();
    f.gram = gram;
    f.q = f.g = moments;
    f.w.setZero(f.size);
    for (Index j = 0; j < f.size; ++j) list(j);
  }

  void add(const Columns& fresh, const Vector& moments) {
    const Index before = f.size;
    const Index width = static_cast<Index>(fresh.size());
    f.reserve(before + width);
    for (const Index j : fresh) list(j);
    Matrix products;
    data_.columns().products(columns_, fresh, data_.root_weight(), data_.mean(), products);
    f.size = before + width;
    f.gram.block(0, before, f.size, width) = products;
    f.gram.block(before, 0, width, before) = products.topRows(before).transpose();
    for (Index k = 0; k < width; ++k) {
      f.w[before + k] = 0.0;
      f.q[before + k] = moments[fresh[static_cast<std::size_t>(k)]];
      f.g[before + k] = f.q[before + k] - products.col(k).head(before).dot(f.w.head(before));
    }
  }

  /// Columns whose products are going to be found later.
  void list_zeros(const Columns& fresh) {
    f.reserve(f.size + static_cast<Index>(fresh.size()));
    for (const Index j : fresh) list(j);
    const Index before = f.size;
    f.size = static_cast<Index>(columns_.size());
    f.w.segment(before, f.size - before).setZero();
    f.g.segment(before, f.size - before).setZero();
  }

  /// Leaves the columns whose places are not listed; they must be at zero.
  void keep(const std::vector<Index>& places) {
    for (const Index j : columns_) place_[static_cast<std::size_t>(j)] = -1;
    Columns kept;
    Matrix gram(places.size(), places.size());
    for (std::size_t b = 0; b < places.size(); ++b) {
      for (std::size_t a = 0; a < places.size(); ++a) {
        gram(static_cast<Index>(a), static_cast<Index>(b)) = f.gram(places[a], places[b]);
      }
      kept.push_back(columns_[static_cast<std::size_t>(places[b])]);
    }
    f.size = static_cast<Index>(places.size());
    f.gram.topLeftCorner(f.size, f.size) = gram;
    for (Index k = 0; k < f.size; ++k) {
      const Index from = places[static_cast<std::size_t>(k)];  // >= k: places ascend
      f.w[k] = f.w[from];
      f.q[k] = f.q[from];
      f.g[k] = f.g[from];
    }
    columns_.clear();
    for (const Index j : kept) list(j);
  }

  Columns support() const {
    Columns found;
    for (Index k = 0; k < f.size; ++k) {
      if (f.w[k] != 0.0) found.push_back(columns_[static_cast<std::size_t>(k)]);
    }
    return found;
  }

  /// y - Z w.
  Vector residual(const Vector& y) const {
    Vector r = y;
    const Columns active = support();
    Vector coefficients(static_cast<Index>(active.size()));
    double shift = 0.0;
    for (std::size_t k = 0; k < active.size(); ++k) {
      const double w = f.w[place_[static_cast<std::size_t>(active[k])]];
      coefficients[static_cast<Index>(k)] = -w;
      shift += w * data_.mean()[active[k]];
    }
    data_.columns().add(active, coefficients.data(), r.data());
    if (data_.intercept()) r.array() += shift;
    return r;
  }

  /// Takes the products with the residual from X, where those from the Gram matrix have lost
  /// digits, and makes q and the squares agree with them.
  void anchor(const Vector& residual) {
    f.g.head(f.size) = data_.products(&columns_, residual);
    f.q.head(f.size) = f.g.head(f.size);
    for (Index j = 0; j < f.size; ++j) {
      if (f.w[j] != 0.0) f.q.head(f.size) += f.w[j] * f.gram.col(j).head(f.size);
    }
    f.squares =
        data_.dot(residual, residual) + f.w.head(f.size).dot(f.q.head(f.size) + f.g.head(f.size));
  }

  /// About how far rounding in the Gram matrix may have moved the gap.
  double rounding() const {
    double size = 0.0;
    for (Index k = 0; k < f.size; ++k) {
      size += std::fabs(f.w[k]) * data_.norms()[columns_[static_cast<std::size_t>(k)]];
    }
    return 4.0 * std::numeric_limits<double>::epsilon() * size * size;
  }

 private:
  void list(Index column) {
    place_[static_cast<std::size_t>(column)] = static_cast<Index>(columns_.size());
    columns_.push_back(column);
  }

  const ElasticNetData& data_;
  Columns columns_;
  std::vector<Index> place_;
};

}  // namespace optlite
