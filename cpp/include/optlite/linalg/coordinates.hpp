// Loops and sums over the coordinates of an array, in blocks that threads share. The blocks depend
// on the size alone, sums are in double: the bits do not depend on the number of threads.
#pragma once

#include <algorithm>

#include "optlite/core/parallel.hpp"

namespace optlite::coordinates {

inline constexpr Index block = 8192;

/// body(j) for every coordinate j.
template <class Body>
void each(Index size, Body&& body) {
  const Index blocks = (size + block - 1) / block;
  parallel::for_each(blocks, 8.0 * static_cast<double>(size), [&](Index b) {
    const Index end = std::min(size, (b + 1) * block);
#pragma omp simd
    for (Index j = b * block; j < end; ++j) body(j);
  });
}

/// The sum of term(j), a double, over all coordinates.
template <class Term>
double sum(Index size, Term&& term) {
  constexpr Index most = 64;
  const Index blocks = (size + block - 1) / block;
  const Index parts = std::min(most, blocks);
  double partial[most] = {};
  parallel::for_each(parts, 4.0 * static_cast<double>(size), [&](Index part) {
    double total = 0.0;
    const Index end = std::min(blocks * (part + 1) / parts * block, size);
#pragma omp simd reduction(+ : total)
    for (Index j = blocks * part / parts * block; j < end; ++j) total += term(j);
    partial[part] = total;
  });
  double total = 0.0;
  for (Index part = 0; part < parts; ++part) total += partial[part];
  return total;
}

template <class T>
double sum_of_squares(const T* values, Index size) {
  return sum(size, [=](Index j) {
    const double value = static_cast<double>(values[j]);
    return value * value;
  });
}

}  // namespace optlite::coordinates
