// Orthonormal bases that grow, a few vectors at a time: beside the products with the operator, this
// is where Lanczos' method and its relatives spend their time.
#pragma once

#include "optlite/core/numbers.hpp"

namespace optlite {

/// The m rows of Q (each `size` long, no gaps) are orthonormal, and so are the `count` rows of W
/// afterwards, among themselves and with those of Q:
///   W_before = along Q + inside W_after,
/// `along` is count x m and `inside` count x count, lower triangular with a diagonal >= 0. A row
/// whose part outside of Q and of the rows above it is at most `least` in norm, or rounding,
/// becomes zero; so does its column of `inside`.
///
/// Gram and Schmidt's method in blocks, each block twice: rounding leaves parts in the span of Q
/// that are small, but not beside a remainder that is small itself; the second round takes them out
/// (Barlow and Smoktunowicz, Reorthogonalized block classical Gram-Schmidt, 2013). Sums over
/// coordinates are cut into parts that depend on the sizes alone: the bits do not depend on the
/// number of threads. Not finite values spread to all of W.
void extend_basis(const double* Q, Index m, double* W, Index count, Index size, double least,
                  double* along, double* inside);

/// The same for `bases` bases, each extended by one vector: basis p is at Q + p * apart, its vector
/// is row p of W. `along` is bases x m, `inside` has one number each.
void extend_bases(const double* Q, Index apart, Index bases, Index m, double* W, Index size,
                  double least, double* along, double* inside);

}  // namespace optlite
