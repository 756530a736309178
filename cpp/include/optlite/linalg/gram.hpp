// The product at the heart of every Hessian and normal equation: C += lower triangle of A^T B.
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
/// diagonal receive values without meaning.
void gram_update(Index depth, Index size, const double* A, const double* B, Index stride,
                 Matrix& C);

}  // namespace optlite
