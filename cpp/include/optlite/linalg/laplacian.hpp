// Systems with the Laplacian of a weighted graph, by elimination without subtraction.
#pragma once

#include "optlite/core/types.hpp"

namespace optlite {

/// y with L y = right and y_last = 0, where L_ij = -W_ij and L_ii = sum_j W_ij: `weights` (its
/// strict upper triangle is read and overwritten) are links >= 0 between nodes, and `right` sums to
/// zero. Eliminating a node adds links between its neighbours, and each diagonal entry is a sum of
/// links: nothing is subtracted, so that links of any size count, also one of 1e-200 that alone
/// holds two parts together (Grassmann, Taksar and Heyman, Regenerative analysis and steady state
/// distributions for Markov chains, 1985). Where all links between two parts have underflowed, but
/// the right side does not sum to zero on each, they move apart as if by a link of 1e-290: as far
/// as the numbers go, the way is right and its length is up to the caller. Where links are nearly
/// as weak, a sum that is hardly more than rounding counts as zero.
Vector solve_laplacian(RowMatrix& weights, Vector right);

}  // namespace optlite
