// The innermost loop of products of matrices: a tile of sums that stays in registers.
#pragma once

#include "optlite/linalg/kernels.hpp"

#ifdef OPTLITE_HAS_VECTORS

namespace optlite {

constexpr Index terms_between_fetches = 32;

/// sum[j] = sum_k a_k (`count` vectors wide) times b(k, j), for a few columns j. b(k, j) lies at
/// b[k * b_row + j * b_column]. The accumulators stay in registers, so that each element loaded
/// from cache feeds several multiply-adds; Eigen reaches half to two thirds of this speed for
/// operands of up to a hundred columns, where its packing does not pay. Meanwhile `ahead` is asked
/// once for every `terms_between_fetches` terms.
template <int columns, int count, class Number>
inline void tile(Index depth, const Number* a, Index a_stride, const Number* b, Index b_row,
                 Index b_column, vectors::Vec<Number> (&sum)[columns][count],
                 kernels::Ahead* ahead = nullptr) {
  using namespace vectors;
  const Number* column[columns];
  for (int j = 0; j < columns; ++j) {
    column[j] = b + j * b_column;
    for (int v = 0; v < count; ++v) sum[j][v] = all(Number(0));
  }
  const auto add_terms = [&](Index terms) {
    for (Index k = 0; k < terms; ++k) {
      Vec<Number> x[count];
      for (int v = 0; v < count; ++v) x[v] = load(a + width<Number> * v);
      // One broadcast at a time: with twelve sums and three loads, sixteen registers are full.
      for (int j = 0; j < columns; ++j) {
        const Vec<Number> y = all(*column[j]);
        for (int v = 0; v < count; ++v) sum[j][v] += x[v] * y;
        column[j] += b_row;
      }
      a += a_stride;
    }
  };
  if (ahead != nullptr) {
    for (; depth > terms_between_fetches; depth -= terms_between_fetches) {
      ahead->fetch();
      add_terms(terms_between_fetches);
    }
    ahead->fetch();
  }
  add_terms(depth);
}

}  // namespace optlite

#endif
