// Leading singular vectors, with signs that do not depend on the library that computes them.
#pragma once

#include "optlite/core/numbers.hpp"

namespace optlite {

enum class Side { left, right };

/// Writes the `count` leading singular vectors of a `rows` x `cols` matrix of rows without gaps
/// into the rows of `vectors`; in each the entry of largest size is positive. Computed in double,
/// on one thread; NaN where the matrix is not finite. For matrices that change seldom: it
/// allocates, and an interrupt waits for its end.
template <class T>
void leading_singular_vectors(const T* G, Index rows, Index cols, Index count, Side side,
                              T* vectors);

}  // namespace optlite
