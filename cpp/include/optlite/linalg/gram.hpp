// Products of a block of rows with itself: the arithmetic of every Hessian and normal equation.
#pragma once

#include "optlite/core/types.hpp"
#include "optlite/linalg/kernels.hpp"

namespace optlite {

/// Rows over which gram_update may sum in single precision.
inline constexpr Index gram_depth_limit = 256;

/// Whether columns are few enough for tiles that need no packing.
bool gram_is_tiled(Index size);

/// Leading dimension, in numbers, of row buffers for gram_update: whole vectors of float or double,
/// and one that does not send successive rows to the same cache sets.
Index gram_stride(Index size);

/// Rows of a buffer that suit gram_update: at most gram_depth_limit.
Index gram_depth(Index size);

/// C(i, j) += sum_k A(k, i) B(k, j) for i >= j, with A^T B symmetric. Number: float or double; sums
/// over the `depth` rows are in that precision, C in double.
///
/// A, B: `depth` rows of length `size`, `stride` apart; their padding up to `stride` must be
/// readable and zero. C: column-major, gram_stride(size) squared; entries above the
/// diagonal receive values without meaning. Meanwhile `ahead` is asked gram_fetches(size) times.
template <class Number>
void gram_update(Index depth, Index size, const Number* A, const Number* B, Index stride, Matrix& C,
                 kernels::Ahead& ahead);
Index gram_fetches(Index size);

/// Z (rows x width) = A W for a block of columns; all three column-major and without gaps, A rows x
/// depth. For widths of about ten, where Eigen's packing costs more than the product.
void columns_multiply(Index rows, Index depth, Index width, const double* A, const double* W,
                      double* Z);

}  // namespace optlite
