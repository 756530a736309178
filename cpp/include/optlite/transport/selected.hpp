// Costs between the sources and targets that have mass.
#pragma once

#include <utility>
#include <vector>

#include "optlite/transport/cost.hpp"

namespace optlite::transport {

inline std::vector<Index> positive_entries(const Vector& masses) {
  std::vector<Index> kept;
  for (Index i = 0; i < masses.size(); ++i) {
    if (masses[i] > 0.0) kept.push_back(i);
  }
  return kept;
}

inline Vector selected(const Vector& values, const std::vector<Index>& kept) {
  Vector result(static_cast<Index>(kept.size()));
  for (std::size_t k = 0; k < kept.size(); ++k) result[static_cast<Index>(k)] = values[kept[k]];
  return result;
}

/// Some rows of other costs, which must outlive it.
class SelectedRows final : public Cost {
 public:
  SelectedRows(const Cost& cost, std::vector<Index> rows)
      : Cost(static_cast<Index>(rows.size()), cost.targets()),
        cost_(cost),
        rows_(std::move(rows)) {}

  const double* row(Index i, double* buffer) const override {
    return cost_.row(rows_[static_cast<std::size_t>(i)], buffer);
  }

 private:
  const Cost& cost_;
  std::vector<Index> rows_;
};

/// A copy of some rows and columns.
class SelectedCopy final : public Cost {
 public:
  SelectedCopy(const Cost& cost, const std::vector<Index>& rows, const std::vector<Index>& columns)
      : Cost(static_cast<Index>(rows.size()), static_cast<Index>(columns.size())),
        values_(sources(), targets()) {
    Vector buffer(cost.targets());
    for (Index i = 0; i < sources(); ++i) {
      const double* from = cost.row(rows[static_cast<std::size_t>(i)], buffer.data());
      for (Index j = 0; j < targets(); ++j) {
        values_(i, j) = from[columns[static_cast<std::size_t>(j)]];
      }
    }
  }

  const double* row(Index i, double*) const override { return values_.row(i).data(); }

 private:
  RowMatrix values_;
};

}  // namespace optlite::transport
