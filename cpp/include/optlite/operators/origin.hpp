// The row about which moments are summed.
#pragma once

#include "optlite/core/types.hpp"

namespace optlite {

/// The first row of positive weight: squares about a row that does not count, and may lie anywhere,
/// could be all rounding. q may be null.
inline Index origin_of_moments(const double* q, Index rows) {
  Index i = 0;
  while (q != nullptr && i + 1 < rows && !(q[i] > 0.0)) ++i;
  return i;
}

}  // namespace optlite
