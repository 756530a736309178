// Leading singular vectors, with signs that do not depend on the library that computes them.
#pragma once

#include "optlite/core/workspace.hpp"

namespace optlite {

enum class Side { left, right };

/// Writes the `count` leading singular vectors of a `rows` x `cols` matrix of rows without gaps
/// into the rows of `vectors`; in each the entry of largest size is positive. Computed in double;
/// NaN where the matrix is not finite.
///
/// They are eigenvectors of M^T M, but those of small singular values lose their digits in the
/// squares. So only the vectors whose values are within a factor of ten of the largest are taken
/// from it, which costs a digit at most; the others span a basis B, and M B, whose squares are
/// small, is next. Where all are wanted of a matrix of condition 1e15, that are fifteen rounds,
/// each of fewer columns.
template <class T>
void leading_singular_vectors(const T* G, Index rows, Index cols, Index count, Side side,
                              T* vectors, Workspace& work);

}  // namespace optlite
