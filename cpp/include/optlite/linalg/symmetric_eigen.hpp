// Eigenvalues and eigenvectors of a symmetric matrix.
#pragma once

#include "optlite/core/workspace.hpp"

namespace optlite {

/// Row k of `vectors` is the eigenvector of values[k]; the values ascend. A (n x n, both triangles,
/// rows without gaps) is overwritten. NaN throughout where A is not finite.
///
/// Reduction to a tridiagonal matrix (tridiagonal.hpp), its eigenvectors by divide and conquer
/// (divide_and_conquer.hpp), and the way back: products of matrices but for half of the first part,
/// shared by threads, with polls for an interrupt in between. The residual and the departure from
/// orthogonality are a few roundings of |A| and of 1.
void symmetric_eigen(double* A, Index n, double* values, double* vectors, Workspace& work);

}  // namespace optlite
