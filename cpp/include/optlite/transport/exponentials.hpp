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

/// z_j <- exp(z_j - shift); their sum. `largest` is that of the z_j.
inline double exponentials(double shift, double largest, Index count, double* z) {
  double sum = 0.0;
  if (largest - shift <= 709.0) {  // no overflow, as a rule
#pragma omp simd reduction(+ : sum)
    for (Index j = 0; j < count; ++j) {
      z[j] = stable::exp_below(z[j] - shift);
      sum += z[j];
    }
    return sum;
  }
#pragma omp simd reduction(+ : sum)
  for (Index j = 0; j < count; ++j) {
    z[j] = stable::exp(z[j] - shift);
    sum += z[j];
  }
  return sum;
}

/// e_j <- exp(z_j - shift) in single precision; their sum, of parts of at most 256.
inline double exponentials(double shift, Index count, const double* z, float* e) {
  constexpr Index piece = 256;
  float x[piece];
  double sum = 0.0;
  for (Index begin = 0; begin < count; begin += piece) {
    const Index length = std::min(piece, count - begin);
    // Rounded in a loop of its own: one with numbers of both sizes is half as fast.
#pragma omp simd
    for (Index j = 0; j < length; ++j) x[j] = static_cast<float>(z[begin + j] - shift);
    float part = 0.0f;
#pragma omp simd reduction(+ : part)
    for (Index j = 0; j < length; ++j) {
      e[begin + j] = stable::exp_single(x[j]);
      part += e[begin + j];
    }
    sum += static_cast<double>(part);
  }
  return sum;
}

}  // namespace optlite::transport
