#include "optlite/linalg/small_matrices.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/QR>

namespace optlite {

using Solver = Eigen::SelfAdjointEigenSolver<Matrix>;

void symmetric_eigen(const Matrix& A, Vector& values, Matrix& vectors) {
  const Solver solver(A);
  values = solver.eigenvalues();
  vectors = solver.eigenvectors();
}

Vector symmetric_eigenvalues(const Matrix& A) {
  return Solver(A, Eigen::EigenvaluesOnly).eigenvalues();
}

Matrix from_eigen(const Vector& values, const Matrix& vectors) {
  return vectors * values.asDiagonal() * vectors.transpose();
}

Vector tridiagonal_eigenvalues(const Vector& diagonal, const Vector& beside) {
  Solver solver;
  solver.computeFromTridiagonal(diagonal, beside, Eigen::EigenvaluesOnly);
  return solver.eigenvalues();
}

Matrix solve_symmetric(const Matrix& A, const Matrix& B) { return A.ldlt().solve(B); }

Matrix least_squares(const Matrix& A, const Matrix& B) { return A.colPivHouseholderQr().solve(B); }

}  // namespace optlite
