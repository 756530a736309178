// Products of a block of rows with a narrow matrix, and of a block with itself: the arithmetic of
// every Hessian, normal equation and multi-output gradient.
#pragma once

#include "optlite/core/types.hpp"

namespace optlite {

/// Leading dimension, in doubles, of row buffers for gram_update: a multiple of four that does not
/// send successive rows to the same cache sets.
Index gram_stride(Index size);

/// Rows of a buffer that suit gram_update.
Index gram_depth(Index size);

/// C(i, j) += sum_k A(k, i) B(k, j) for i >= j, with A^T B symmetric.
///
/// A, B: `depth` rows of length `size`, `stride` apart; their padding up to the next multiple of
/// four must be readable and zero. C: column-major, gram_stride(size) squared; entries above the
/// diagonal receive values without meaning. The `next_bytes` at `next` are brought into cache
/// meanwhile.
void gram_update(Index depth, Index size, const double* A, const double* B, Index stride, Matrix& C,
                 const void* next = nullptr, Index next_bytes = 0);

/// Columns that narrow_multiply and narrow_accumulate work on for `width` wanted ones.
Index narrow_width(Index width);

/// Z (count x width) = X W. X: rows `x_stride` apart; W and Z: row-major, narrow_width(width) wide.
void narrow_multiply(Index count, Index cols, Index width, const double* X, Index x_stride,
                     const double* W, double* Z);

/// G (column-major, cols x narrow_width(width)) += X^T Z, operands as above.
void narrow_accumulate(Index count, Index cols, Index width, const double* X, Index x_stride,
                       const double* Z, double* G);

}  // namespace optlite
