// Eigen's decompositions of small symmetric matrices, compiled once: each takes a compiler seconds.
#pragma once

#include "optlite/core/types.hpp"

namespace optlite {

/// Of a symmetric matrix, by its lower triangle: ascending values, and vectors as columns.
void symmetric_eigen(const Matrix& A, Vector& values, Matrix& vectors);
Vector symmetric_eigenvalues(const Matrix& A);

/// Of the tridiagonal matrix with this diagonal and these numbers beside it.
Vector tridiagonal_eigenvalues(const Vector& diagonal, const Vector& beside);

/// The solution of A X = B for a symmetric A that may be indefinite, by LDL^T with pivots.
Matrix solve_symmetric(const Matrix& A, const Matrix& B);

}  // namespace optlite
