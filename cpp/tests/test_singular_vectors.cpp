// Leading singular vectors against their definition.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include "check.hpp"
#include "data.hpp"
#include "optlite/core/types.hpp"
#include "optlite/linalg/singular_vectors.hpp"
#include "with_threads.hpp"

namespace {

using optlite::Index;
using optlite::Matrix;
using optlite::RowMatrix;
using optlite::Side;
using optlite::Vector;
using optlite::Workspace;

/// The `count` leading right singular vectors, as columns; by the left ones of A^T if asked.
Matrix leading(const Matrix& A, Index count, bool turned = false) {
  const RowMatrix given = turned ? RowMatrix(A.transpose()) : RowMatrix(A);
  Matrix V(A.cols(), count);  // its columns are the rows that are written
  Workspace work;
  optlite::leading_singular_vectors(given.data(), given.rows(), given.cols(), count,
                                    turned ? Side::left : Side::right, V.data(), work);
  return V;
}

/// A V has orthogonal columns whose lengths are the singular values, to the rounding of |A|: what a
/// decomposition by reflections and rotations guarantees. By M^T M alone values below 1e-8 fail.
void check_definition(const Matrix& A, const Vector& values, const Matrix& V) {
  const Matrix AV = data::product(A, V);
  const Index n = V.cols();
  for (Index i = 0; i < n; ++i) {
    CHECK(std::fabs(AV.col(i).norm() - values[i]) <= 1e-14 * values[0]);
    for (Index j = 0; j < i; ++j) {
      const double larger = std::fmax(AV.col(i).norm(), AV.col(j).norm());
      CHECK(std::fabs(AV.col(i).dot(AV.col(j))) <= 1e-14 * values[0] * larger);
    }
    Index largest = 0;
    V.col(i).cwiseAbs().maxCoeff(&largest);
    CHECK(V(largest, i) > 0.0);
  }
  CHECK(data::difference(data::product(V.transpose(), V), Matrix::Identity(n, n)) <= 1e-13);
}

}  // namespace

TEST("singular vectors: of large and of small values, alone or all, from either side") {
  for (const auto& [rows, cols] : {std::pair<Index, Index>{1, 1}, {7, 4}, {60, 60}, {90, 50}}) {
    const Matrix left = data::orthonormal(rows, cols, 1);
    const Matrix right = data::orthonormal(cols, cols, 2);
    const Vector place = Vector::LinSpaced(cols, 0.0, 1.0);
    const std::vector<Vector> spectra{
        place.unaryExpr([](double x) { return std::pow(1e16, -x); }),
        place.unaryExpr([](double x) { return 1.0 - 0.9 * x; }),
        place.unaryExpr([](double x) { return std::pow(1e-3, std::floor(4.0 * x)); }),
        place.unaryExpr([](double x) { return x <= 0.5 ? 1.0 : 0.0; })};
    for (const Vector& values : spectra) {
      const Matrix A = data::product(left * values.asDiagonal(), right.transpose());
      for (const bool turned : {false, true}) {
        check_definition(A, values, leading(A, cols, turned));
        check_definition(A, values, leading(A, (cols + 2) / 3, turned));
      }
    }
  }
}

TEST("singular vectors: nothing, everything, and what is not finite") {
  const Matrix zero = leading(Matrix::Zero(5, 3), 3);
  CHECK(data::difference(data::product(zero.transpose(), zero), Matrix::Identity(3, 3)) == 0.0);
  const Matrix A = data::random_matrix(6, 4, 3);
  const Matrix V = leading(A, 4);
  CHECK(data::difference(leading(1e300 * A, 4), V) < 1e-13);
  CHECK(data::difference(leading(1e-300 * A, 4), V) < 1e-13);
  for (const double bad : {std::nan(""), HUGE_VAL}) {
    Matrix spoilt = A;
    spoilt(2, 1) = bad;
    CHECK(leading(spoilt, 2).array().isNaN().all());
  }
}

TEST("singular vectors: the same bits for every number of threads") {
  const Matrix A = data::random_matrix(300, 200, 4);
  const Matrix one = with_threads(1, [&] { return leading(A, 200); });
  const Matrix two = with_threads(2, [&] { return leading(A, 200); });
  CHECK(std::memcmp(one.data(), two.data(), sizeof(double) * 200 * 200) == 0);
}
