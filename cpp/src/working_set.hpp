// The columns that an elastic net is solved on, and what is known of the others.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "gram_descent.hpp"
#include "known_products.hpp"
#include "optlite/drivers/elastic_net.hpp"

namespace optlite {

/// The columns that a search has found near or above the level of an elastic net.
struct NearColumns {
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
NearColumns columns_above(double threshold, const ElasticLevel& level, const Vector& residual,
                          const ElasticNetData& data, KnownProducts& known, Inside inside) {
  Columns doubtful;
  known.each(residual, [&](Index j, double product, double error) {
    if (level.size(product) + error > threshold && !inside(j)) doubtful.push_back(j);
  });
  NearColumns found;
  if (doubtful.empty()) return found;
  known.read(doubtful, residual);
  for (const Index j : doubtful) {
    const double size = level.size(known.value(j));
    found.outside.largest = std::max(found.outside.largest, size);
    const double excess = std::max(size - level.l1, 0.0);
    found.outside.excess += excess * excess;
    if (data.norms()[j] > 0.0) found.near.emplace_back(size, j);
  }
  return found;
}

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
