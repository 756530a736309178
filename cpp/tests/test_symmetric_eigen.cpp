// Eigenvalues and eigenvectors against their definition, and the values against Eigen's solver.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "check.hpp"
#include "data.hpp"
#include "optlite/core/interrupt.hpp"
#include "optlite/core/types.hpp"
#include "optlite/linalg/divide_and_conquer.hpp"
#include "optlite/linalg/small_matrices.hpp"
#include "optlite/linalg/symmetric_eigen.hpp"
#include "with_threads.hpp"

namespace {

using optlite::Index;
using optlite::Matrix;
using optlite::Vector;
using optlite::Workspace;

struct Solution {
  Vector values;
  Matrix vectors;  // rows of the solver are columns here
};

Solution solve(Matrix A) {
  const Index n = A.rows();
  Solution found{Vector(n), Matrix(n, n)};
  Workspace work;
  optlite::symmetric_eigen(A.data(), n, found.values.data(), found.vectors.data(), work);
  return found;
}

/// Residual and departure from orthogonality in units of |A| and 1, and the distance of the
/// eigenvalues from those of Eigen.
void check_definition(const Matrix& A) {
  const Index n = A.rows();
  const auto [values, V] = solve(A);
  const double size = A.cwiseAbs().maxCoeff(), scale = size > 0.0 ? size : 1.0;
  const Matrix unit = A / scale;  // squares of A may overflow
  const Vector expected = optlite::symmetric_eigenvalues(unit);
  const double norm = std::fmax(expected.cwiseAbs().maxCoeff(), 1e-300);
  const Vector found = values / scale;
  CHECK(data::difference(data::product(unit, V), V * found.asDiagonal()) <= 1e-13 * norm);
  CHECK(data::difference(data::product(V.transpose(), V), Matrix::Identity(n, n)) <= 1e-13);
  CHECK(data::difference(found, expected) <= 1e-13 * norm);
  CHECK(std::is_sorted(values.data(), values.data() + n));
}

/// A matrix with these eigenvalues in directions without structure.
Matrix with_eigenvalues(const Vector& values, unsigned seed) {
  const Index n = values.size();
  const Matrix Q = data::orthonormal(n, n, seed);
  const Matrix A = data::product(Q * values.asDiagonal(), Q.transpose());
  return 0.5 * (A + A.transpose());
}

Matrix tridiagonal(const Vector& diagonal, const Vector& beside) {
  Matrix T = diagonal.asDiagonal();
  T.diagonal(1) = beside;
  T.diagonal(-1) = beside;
  return T;
}

}  // namespace

TEST("symmetric eigenvalues: random matrices of every small order, and around the leaves") {
  for (Index n = 1; n <= 45; ++n) {
    const Matrix G = data::random_matrix(n, n, static_cast<unsigned>(n));
    check_definition(G + G.transpose());
  }
  for (const Index n : {63, 64, 65, 97, 128, 129, 200, 300}) {
    const Matrix G = data::random_matrix(n, n, static_cast<unsigned>(n));
    check_definition(G + G.transpose());
  }
}

TEST("symmetric eigenvalues: repeated, clustered, graded and vanishing ones") {
  for (const Index n : {2, 5, 33, 66, 150}) {
    const Vector place = Vector::LinSpaced(n, 0.0, 1.0);
    const Vector noise = data::random_matrix(n, 1, 7);
    std::vector<Vector> spectra;
    spectra.push_back(place.unaryExpr([](double x) { return std::pow(1e16, -x); }));
    spectra.push_back(place.unaryExpr([](double x) { return std::pow(1e30, -x); }));
    spectra.push_back(place.unaryExpr([](double x) { return std::floor(4.0 * x); }));
    spectra.push_back(place.unaryExpr([](double x) { return x < 0.5 ? -1.0 : 1.0; }));
    spectra.push_back(Vector::Ones(n) + 1e-12 * noise);
    spectra.push_back(Vector::Constant(n, 2e-16) + (1.0 - 2e-16) * Vector::Unit(n, 0));
    spectra.push_back(Vector::Unit(n, n - 1));
    unsigned seed = 1;
    for (const Vector& spectrum : spectra) check_definition(with_eigenvalues(spectrum, ++seed));
    check_definition(Matrix::Zero(n, n));
    check_definition(Matrix::Identity(n, n));
    check_definition(Matrix::Ones(n, n));
    check_definition(noise.asDiagonal());
    check_definition(1e300 * with_eigenvalues(noise, 3));
    check_definition(1e-300 * with_eigenvalues(noise, 4));
    const Matrix thin = data::random_matrix(n, (n + 2) / 3, 5);
    check_definition(data::product(thin, thin.transpose()));
  }
}

TEST("symmetric eigenvalues: tridiagonal matrices with eigenvalues that agree in all digits") {
  // Wilkinson's, whose large eigenvalues come in pairs, alone and glued to others by small entries.
  for (const double glue : {1.0, 1e-8, 1e-14, 0.0}) {
    const Index n = 126;
    Vector diagonal(n), beside = Vector::Ones(n - 1);
    for (Index k = 0; k < n; ++k) diagonal[k] = std::fabs(static_cast<double>(k % 21) - 10.0);
    for (Index k = 20; k < n - 1; k += 21) beside[k] = glue;
    check_definition(tridiagonal(diagonal, beside));
    check_definition(tridiagonal(diagonal, -beside));
  }
}

TEST("symmetric eigenvalues: second differences have the values 2 - 2 cos(k pi / (n + 1))") {
  for (const Index n : {1, 2, 33, 100, 257}) {
    Vector d = Vector::Constant(n, 2.0), e = Vector::Constant(std::max<Index>(n - 1, 1), -1.0);
    Matrix V(n, n);
    Workspace work;
    optlite::tridiagonal_eigen(d.data(), e.data(), n, V.data(), work);
    double worst = 0.0;
    for (Index k = 0; k < n; ++k) {
      const double angle = 3.14159265358979323846 * static_cast<double>(k + 1) / double(n + 1);
      worst = std::fmax(worst, std::fabs(d[k] - (2.0 - 2.0 * std::cos(angle))));
    }
    CHECK(worst <= 1e-14);
    CHECK(data::difference(data::product(V.transpose(), V), Matrix::Identity(n, n)) <= 1e-13);
  }
}

TEST("symmetric eigenvalues: NaN and infinity give NaN, and end") {
  for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    for (const Index n : {1, 3, 80}) {
      Matrix A = Matrix::Identity(n, n);
      A(n - 1, 0) = A(0, n - 1) = bad;
      const auto [values, V] = solve(A);
      CHECK(values.array().isNaN().all() && V.array().isNaN().all());
    }
  }
}

TEST("symmetric eigenvalues: the same bits for every number of threads") {
  const Index n = 700;  // large enough that products of a vector are shared, too
  const Matrix G = data::random_matrix(n, n, 11);
  const Matrix A = G + G.transpose();
  const Solution one = with_threads(1, [&] { return solve(A); });
  for (const int threads : {2, 3}) {
    const Solution more = with_threads(threads, [&] { return solve(A); });
    const auto bytes = sizeof(double) * static_cast<std::size_t>(n * n);
    CHECK(std::memcmp(one.vectors.data(), more.vectors.data(), bytes) == 0);
    CHECK(one.values == more.values);
  }
}

TEST("symmetric eigenvalues: an interrupt comes through") {
  const Matrix G = data::random_matrix(150, 150, 12);
  bool stopped = false;
  optlite::interrupt::install([] { return true; });
  for (int k = 0; k < 1000 && !stopped; ++k) {  // it is asked for every 50 ms
    try {
      solve(G + G.transpose());
    } catch (const optlite::interrupt::Interrupted&) {
      stopped = true;
    }
  }
  optlite::interrupt::install(nullptr);
  CHECK(stopped);
}
