// Eigenvalues and eigenvectors of a symmetric tridiagonal matrix.
#pragma once

#include "optlite/core/workspace.hpp"

namespace optlite {

/// Row k of `vectors` (n x n) becomes the eigenvector of diagonal[k], which becomes an eigenvalue;
/// they ascend. `beside` (n - 1) is overwritten. Entries should not be far from one in size.
///
/// Divide and conquer: without one entry beside its diagonal, and that entry taken from the two
/// diagonal entries next to it, T is two matrices of half the size. Between their eigenvectors T is
/// D + rho z z^T, whose eigenvalues are the zeros of 1 / rho + sum_j z_j^2 / (d_j - x), one between
/// any two of D (Cuppen, A divide and conquer method for the symmetric tridiagonal eigenproblem,
/// 1981). Where z_j is zero, or two of D are equal, an eigenvector is known already. The others are
/// orthogonal in all digits when they are computed not from z, but from the z for which the zeros
/// found are exact (Gu and Eisenstat, A divide-and-conquer algorithm for the symmetric tridiagonal
/// eigenproblem, 1995).
void tridiagonal_eigen(double* diagonal, double* beside, Index n, double* vectors, Workspace& work);

}  // namespace optlite
