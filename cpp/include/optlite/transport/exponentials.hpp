// One row of a plan from potentials and costs, in loops that become vector code.
#pragma once

#include <algorithm>

#include "optlite/core/numbers.hpp"
#include "optlite/core/stable.hpp"
#include "optlite/core/stable_single.hpp"

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

/// e_j <- exp(z_j - shift) in single precision; their sum, of parts of at most 256.
inline double exponentials(double shift, Index count, const double* z, float* e) {
  double sum = 0.0;
  for (Index begin = 0; begin < count; begin += 256) {
    const Index end = std::min<Index>(begin + 256, count);
    float part = 0.0f;
#pragma omp simd reduction(+ : part)
    for (Index j = begin; j < end; ++j) {
      const double x = z[j] - shift;
      e[j] = stable::exp_single(static_cast<float>(x < -100.0 ? -100.0 : x));
      part += e[j];
    }
    sum += static_cast<double>(part);
  }
  return sum;
}

}  // namespace optlite::transport
