// Eigen's decompositions of small matrices, compiled once: each takes a compiler seconds.
#pragma once

#include "optlite/core/types.hpp"

namespace optlite {

/// Of a symmetric matrix, by its lower triangle: ascending values, and vectors as columns.
void symmetric_eigen(const Matrix& A, Vector& values, Matrix& vectors);
Vector symmetric_eigenvalues(const Matrix& A);

/// The symmetric matrix of which these are values and vectors.
Matrix from_eigen(const Vector& values, const Matrix& vectors);

/// Of the tridiagonal matrix with this diagonal and these numbers beside it.
Vector tridiagonal_eigenvalues(const Vector& diagonal, const Vector& beside);

/// The solution of A X = B for a symmetric A that may be indefinite, by LDL^T with pivots.
Matrix solve_symmetric(const Matrix& A, const Matrix& B);

/// An X that minimises |A X - B|, by QR with pivots; zero for columns that depend on others.
Matrix least_squares(const Matrix& A, const Matrix& B);

}  // namespace optlite
