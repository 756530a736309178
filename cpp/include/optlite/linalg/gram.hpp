// Products of a block of rows with a narrow matrix, and of a block with itself: the arithmetic of
// every Hessian, normal equation and multi-output gradient.
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

/// Calls of Ahead::fetch() that one narrow_multiply and one narrow_accumulate make together, about.
Index narrow_fetches(Index count, Index cols, Index width);

/// Columns that narrow_multiply and narrow_accumulate work on for `width` wanted ones.
Index narrow_width(Index width);

/// Z (count x width) = X W. X: rows `x_stride` apart; W and Z: row-major, narrow_width(width) wide.
void narrow_multiply(Index count, Index cols, Index width, const double* X, Index x_stride,
                     const double* W, double* Z, kernels::Ahead& ahead);

/// G (column-major, cols x narrow_width(width)) += X^T Z, operands as above.
void narrow_accumulate(Index count, Index cols, Index width, const double* X, Index x_stride,
                       const double* Z, double* G, kernels::Ahead& ahead);

/// Z (rows x width) = A W for a block of columns; all three column-major and without gaps, A rows x
/// depth. For widths of about ten, where Eigen's packing costs more than the product.
void columns_multiply(Index rows, Index depth, Index width, const double* A, const double* W,
                      double* Z);

}  // namespace optlite
