#include "optlite/linalg/small_matrices.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>

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

Vector tridiagonal_eigenvalues(const Vector& diagonal, const Vector& beside) {
  Solver solver;
  solver.computeFromTridiagonal(diagonal, beside, Eigen::EigenvaluesOnly);
  return solver.eigenvalues();
}

Matrix solve_symmetric(const Matrix& A, const Matrix& B) { return A.ldlt().solve(B); }

}  // namespace optlite
