// A = Q T Q^T with T tridiagonal, for symmetric A: the first step to its eigenvalues.
#pragma once

#include "optlite/core/workspace.hpp"

namespace optlite {

/// T in `diagonal` (n) and `beside` (n - 1). Q is a product of n - 1 reflections
/// H_j = I - factor_j v_j v_j^T, the first one leftmost; v_j is row j of A afterwards, with its
/// zeros.
///
/// Each reflection brings one column to its form (Golub and Van Loan, Matrix Computations, section
/// 8.3.1). It needs one product of a vector with what is left of A, half of the work and bound by
/// memory; the other half, A - v w^T - w v^T, waits for a panel of columns and becomes a product of
/// matrices (Dongarra, Sorensen and Hammarling, Block reduction of matrices to condensed forms for
/// eigenvalue computations, 1989). A has n rows without gaps and both triangles.
void to_tridiagonal(double* A, Index n, double* diagonal, double* beside, double* factors,
                    Workspace& work);

/// Each of the `count` rows x of X, n long and without gaps, becomes Q x. A panel of reflections is
/// one, I - V^T S V with triangular S (Schreiber and Van Loan, A storage-efficient WY
/// representation for products of Householder transformations, 1989).
void apply_reflections(const double* vectors, const double* factors, Index n, double* X,
                       Index count, Workspace& work);

}  // namespace optlite
