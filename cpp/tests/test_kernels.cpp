// Products of rows with a vector and sums of rows, both at once, against the loops of a textbook.
#include <algorithm>
#include <cmath>
#include <vector>

#include "check.hpp"
#include "data.hpp"
#include "optlite/linalg/streams.hpp"
#include "with_threads.hpp"

using optlite::Index;
using optlite::Matrix;
using optlite::Vector;

namespace {

template <class Scalar>
std::vector<Scalar> numbers(Index size, std::uint64_t seed) {
  const Matrix M = data::random_matrix(size, 1, seed);
  return std::vector<Scalar>(M.data(), M.data() + size);
}

/// In memory that ends with the last number: what reads beyond it is seen by the sanitizer.
template <class Scalar>
void check_both(Index rows, Index cols) {
  const auto x = numbers<Scalar>(rows * cols, 1), y = numbers<Scalar>(rows * cols, 2);
  const auto w = numbers<double>(cols, 3), r = numbers<double>(rows, 4);
  std::vector<double> dots(static_cast<std::size_t>(rows), 7.0);
  std::vector<double> sums(static_cast<std::size_t>(cols), 1.0);
  optlite::kernels::dot_and_add_rows(x.data(), y.data(), rows, cols, w.data(), dots.data(),
                                     r.data(), sums.data());
  const auto at = [](const auto& values, Index k) {
    return static_cast<double>(values[static_cast<std::size_t>(k)]);
  };
  for (Index i = 0; i < rows; ++i) {
    double dot = 0.0;
    for (Index j = 0; j < cols; ++j) dot += at(x, i * cols + j) * at(w, j);
    CHECK(check::close(at(dots, i), dot, 1e-13));
  }
  for (Index j = 0; j < cols; ++j) {
    double sum = 1.0;
    for (Index i = 0; i < rows; ++i) sum += at(r, i) * at(y, i * cols + j);
    CHECK(check::close(at(sums, j), sum, 1e-13));
  }
}

/// Sums of a pass with R = 2 Z + 1, and the Z it showed, one whole block after the other.
Matrix pass(const data::Stored& stored, const Vector& w) {
  Matrix found = Matrix::Constant(stored.X.cols() + stored.X.rows(), 1, 1e300);
  const Index whole = stored.design->block_rows();
  const auto middle = [&](Index first, Index count, double* block) {
    if (first % whole != 0 || count != std::min(whole, stored.X.rows() - first)) return;
    for (Index i = 0; i < count; ++i) {
      found(stored.X.cols() + first + i, 0) = block[i];
      block[i] = 2.0 * block[i] + 1.0;
    }
  };
  stored.design->pass(w.data(), 1, 1, middle, found.data());
  return found;
}

/// A pass with one vector each way against products, with the same bits for all threads.
void check_pass(const data::Stored& stored) {
  const Index n = stored.X.rows(), d = stored.X.cols();
  const Vector w = data::random_matrix(d, 1, 6);
  const Matrix Z = data::product(stored.X, w);
  const Matrix G = data::product(stored.X.transpose(), 2.0 * Z + Matrix::Ones(n, 1));
  const Matrix one = with_threads(1, [&] { return pass(stored, w); });
  CHECK(data::difference(one.topRows(d), G) < 1e-12 * G.cwiseAbs().maxCoeff());
  CHECK(data::difference(one.bottomRows(n), Z) < 1e-12 * Z.cwiseAbs().maxCoeff());
  for (const int threads : {2, 5}) {
    CHECK(with_threads(threads, [&] { return pass(stored, w); }) == one);
  }
}

/// Moments and products with two targets against naive sums, with the same bits for all threads.
void check_moments(const data::Stored& stored) {
  const Index n = stored.X.rows(), d = stored.X.cols();
  const Matrix Y = data::random_matrix(n, 2, 7);
  const Vector q = data::weights(n);
  Vector center;
  const auto moments = [&] {
    Vector sums, squares;
    Matrix all(d, 4), products;
    const optlite::Design::Targets targets{Y.data(), 2, &products};
    stored.design->moments(q.data(), sums, squares, center, &targets);
    all << sums, squares, products;
    return all;
  };
  const Matrix one = with_threads(1, moments);
  Matrix expected(d, 4);
  const Matrix moved = (stored.X.rowwise() - center.transpose()).cwiseAbs2();
  expected << data::product(stored.X.transpose(), q), data::product(moved.transpose(), q),
      data::product(stored.X.transpose(), q.asDiagonal() * Y);
  CHECK(data::difference(one, expected) < 1e-12 * expected.cwiseAbs().maxCoeff());
  CHECK(with_threads(3, moments) == one);
}

/// A pass with m vectors there and m + 1 back, R = (Z, 1), against products of matrices.
void check_several(const data::Stored& stored, Index m) {
  const Index n = stored.X.rows(), d = stored.X.cols();
  const Matrix W = data::random_matrix(d, m, 7);
  const auto sums = [&] {
    Matrix G(d, m + 1);
    const auto middle = [&](Index, Index count, double* block) {
      std::fill(block + m * count, block + (m + 1) * count, 1.0);
    };
    stored.design->pass(W.data(), m, m + 1, middle, G.data());
    return G;
  };
  Matrix R(n, m + 1);
  R << data::product(stored.X, W), Matrix::Ones(n, 1);
  const Matrix G = data::product(stored.X.transpose(), R);
  const Matrix found = with_threads(1, sums);
  CHECK(data::difference(found, G) < 1e-12 * G.cwiseAbs().maxCoeff());
  CHECK(with_threads(3, sums) == found);
}

}  // namespace

TEST("kernels: dots and sums of rows at once, for any shape") {
  for (const Index rows : {0, 1, 3, 4, 7, 16}) {
    for (const Index cols : {1, 3, 4, 7, 8, 12, 33, 100}) {
      check_both<double>(rows, cols);
      check_both<float>(rows, cols);
    }
  }
  for (const Index rows : {3, 4, 11}) {
    for (const Index cols : {2048, 2051, 4096, 5003}) {
      check_both<double>(rows, cols);
      check_both<float>(rows, cols);
    }
  }
}

TEST("kernels: data that no cache holds, whose last block is short, for any number of threads") {
  const Index cols = 33;
  for (const bool single : {false, true}) {
    const Index rows = single ? 130003 : 65003;
    const data::Stored stored(single ? "row-major float" : "row-major double", rows, cols, 5);
    check_pass(stored);
    check_moments(stored);
  }
}

TEST("kernels: rows of many columns, alone and with several vectors, for any number of threads") {
  const Index cols = 5003;
  for (const bool single : {false, true}) {
    const Index rows = single ? 1003 : 507;
    const data::Stored stored(single ? "row-major float" : "row-major double", rows, cols, 5);
    CHECK(stored.design->block_rows() == 4);
    check_pass(stored);
    check_moments(stored);
    for (const Index m : {2, 4, 10}) check_several(stored, m);
  }
}
