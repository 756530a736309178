// Sums of block results: in an order that no number of threads changes, and pairwise, so that
// rounding grows with the logarithm of the number of blocks.
#pragma once

#include <utility>

#include "optlite/core/types.hpp"

namespace optlite {

/// The sum of each column.
inline Vector pairwise_sums(Matrix table) {
  Index size = table.rows();
  if (size == 0) return Vector::Zero(table.cols());
  while (size > 1) {
    const Index half = size / 2;
    for (Index i = 0; i < half; ++i) table.row(i) = table.row(2 * i) + table.row(2 * i + 1);
    if (size % 2 == 1) table.row(half) = table.row(size - 1);
    size = half + size % 2;
  }
  return table.row(0);
}

inline double pairwise_sum(Vector values) {
  Index size = values.size();
  if (size == 0) return 0.0;
  while (size > 1) {
    const Index half = size / 2;
    for (Index i = 0; i < half; ++i) values[i] = values[2 * i] + values[2 * i + 1];
    if (size % 2 == 1) values[half] = values[size - 1];
    size = half + size % 2;
  }
  return values[0];
}

}  // namespace optlite
