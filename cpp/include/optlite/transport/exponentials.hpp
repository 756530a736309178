// One row of a plan from potentials and costs, in loops that become vector code.
#pragma once

#include "optlite/core/numbers.hpp"
#include "optlite/core/stable.hpp"

namespace optlite::transport {

/// z_j <- (g_j - C_ij) / reg; the largest of them. `cost` may be `z` itself.
inline double exponents(const double* cost, const double* g, double reg, Index count, double* z) {
  const double scale = 1.0 / reg;
  double largest = -infinity;
#pragma omp simd reduction(max : largest)
  for (Index j = 0; j < count; ++j) {
    z[j] = (g[j] - cost[j]) * scale;
    largest = z[j] > largest ? z[j] : largest;
  }
  return largest;
}

/// z_j <- exp(z_j - shift); their sum.
inline double exponentials(double shift, Index count, double* z) {
  double sum = 0.0;
#pragma omp simd reduction(+ : sum)
  for (Index j = 0; j < count; ++j) {
    z[j] = stable::exp(z[j] - shift);
    sum += z[j];
  }
  return sum;
}

}  // namespace optlite::transport
