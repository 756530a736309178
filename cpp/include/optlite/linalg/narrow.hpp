// Products of a block of rows with a narrow matrix: the arithmetic of every product of a Hessian
// with a block of vectors, and of every gradient of several outputs.
#pragma once

#include "optlite/core/types.hpp"
#include "optlite/linalg/kernels.hpp"

namespace optlite {

/// W (cols x width, column-major) by rows, padded to whole vectors, for narrow_multiply.
RowMatrix narrow_rows(const double* W, Index cols, Index width);

/// Z (count x width, column-major) = X W. X: rows `x_stride` apart; W: of narrow_rows().
void narrow_multiply(Index count, Index cols, Index width, const double* X, Index x_stride,
                     const double* W, double* Z, kernels::Ahead& ahead);

/// G (cols x width, column-major) += X^T Z, operands as above.
void narrow_accumulate(Index count, Index cols, Index width, const double* X, Index x_stride,
                       const double* Z, double* G, kernels::Ahead& ahead);

/// Calls of Ahead::fetch() that both make together, about.
Index narrow_fetches(Index count, Index cols, Index width);

}  // namespace optlite
