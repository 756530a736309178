// Products in tiles against sums written out, in every orientation.
#include <cstring>
#include <vector>

#include "check.hpp"
#include "optlite/linalg/products.hpp"
#include "with_threads.hpp"

namespace {

using optlite::Factor;
using optlite::Index;
using optlite::Workspace;

template <class T>
std::vector<T> numbers(Index size, unsigned seed) {
  std::vector<T> all(static_cast<std::size_t>(size));
  for (T& each : all) {
    seed = seed * 1664525u + 1013904223u;
    each = static_cast<T>(static_cast<double>(seed >> 8) / 8388608.0 - 1.0);
  }
  return all;
}

template <class T>
double at(const Factor<T>& A, Index i, Index j) {
  return static_cast<double>(A.transposed ? A.data[j * A.stride + i] : A.data[i * A.stride + j]);
}

template <class T>
double largest_error(const Factor<T>& A, const Factor<T>& B, const std::vector<T>& C,
                     const std::vector<T>& D, double alpha, double beta) {
  double worst = 0.0;
  for (Index i = 0; i < A.rows; ++i) {
    for (Index j = 0; j < B.cols; ++j) {
      const auto place = static_cast<std::size_t>(i * B.cols + j);
      double sum = beta * static_cast<double>(D[place]);
      for (Index k = 0; k < A.cols; ++k) sum += alpha * at(A, i, k) * at(B, k, j);
      worst = std::fmax(worst, std::fabs(sum - static_cast<double>(C[place])));
    }
  }
  return worst;
}

template <class T>
void check_orientations(Index m, Index n, Index k, double tolerance) {
  const auto a = numbers<T>(m * k, 1), b = numbers<T>(k * n, 2), d = numbers<T>(m * n, 3);
  for (const bool a_turned : {false, true}) {
    for (const bool b_turned : {false, true}) {
      const Factor<T> A = a_turned ? Factor<T>(a.data(), k, m).t() : Factor<T>(a.data(), m, k);
      const Factor<T> B = b_turned ? Factor<T>(b.data(), n, k).t() : Factor<T>(b.data(), k, n);
      Workspace work;
      std::vector<T> C(static_cast<std::size_t>(m * n), T(99));
      optlite::multiply(A, B, C.data(), work);
      CHECK(largest_error(A, B, C, d, 1.0, 0.0) <= tolerance);
      C = d;
      optlite::multiply(A, B, C.data(), work, T(0.5), T(-2), C.data());
      CHECK(largest_error(A, B, C, d, 0.5, -2.0) <= tolerance);
    }
  }
}

template <class T>
void check_symmetric(Index n, Index k, double tolerance) {
  const auto a = numbers<T>(n * k, 4);
  const Factor<T> A(a.data(), n, k);
  Workspace work;
  std::vector<T> D(static_cast<std::size_t>(n * n)), C(D.size(), T(99));
  optlite::multiply(A, A.t(), D.data(), work);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < i; ++j) D[static_cast<std::size_t>(i * n + j)] = D[j * n + i];
  }
  optlite::multiply_symmetric(A, A.t(), C.data(), work, T(2), T(3), D.data());
  CHECK(largest_error(A, A.t(), C, D, 2.0, 3.0) <= tolerance);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < i; ++j) CHECK_EQUAL(C[i * n + j], C[j * n + i]);
  }
}

}  // namespace

TEST("products: every orientation, sizes around the tiles") {
  for (const Index m : {1, 5, 96, 130}) {
    for (const Index n : {1, 4, 193}) {
      for (const Index k : {1, 7, 256, 513}) {
        check_orientations<double>(m, n, k, 1e-12);
        check_orientations<float>(m, n, k, 1e-4);
      }
    }
  }
}

TEST("products: symmetric ones") {
  for (const Index n : {1, 6, 96, 129, 400}) {
    check_symmetric<double>(n, 33, 1e-12);
    check_symmetric<float>(n, 33, 1e-4);
  }
  check_symmetric<double>(100, 300, 1e-11);  // two blocks of terms, sums of 500
}

TEST("products: into a part of a larger matrix, and nothing beside it") {
  const Index n = 103, wide = 110;
  const auto a = numbers<double>(n * 4, 6);
  const Factor<double> A(a.data(), n, 4);
  Workspace work;
  std::vector<double> whole(static_cast<std::size_t>(n * n));
  optlite::multiply(A, A.t(), whole.data(), work, 3.0);
  for (const bool symmetric : {false, true}) {
    std::vector<double> C(static_cast<std::size_t>(n * wide), 7.0);
    const auto product =
        symmetric ? &optlite::multiply_symmetric<double> : &optlite::multiply<double>;
    product(A, A.t(), C.data(), work, 1.0, 0.0, nullptr, wide);
    product(A, A.t(), C.data(), work, 1.0, 2.0, C.data(), wide);
    double worst = 0.0;
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < wide; ++j) {
        const double expected = j < n ? whole[static_cast<std::size_t>(i * n + j)] : 7.0;
        worst = std::fmax(worst, std::fabs(C[static_cast<std::size_t>(i * wide + j)] - expected));
      }
    }
    CHECK(worst <= 1e-13);
  }
}

TEST("products: an empty depth leaves beta D") {
  Workspace work;
  const std::vector<double> D{1.0, 2.0, 3.0, 4.0};
  std::vector<double> C(4);
  const double none = 0.0;
  optlite::multiply(Factor<double>(&none, 2, 0), Factor<double>(&none, 0, 2), C.data(), work, 1.0,
                    2.0, D.data());
  CHECK(largest_error(Factor<double>(&none, 2, 0), Factor<double>(&none, 0, 2), C, D, 1.0, 2.0) ==
        0.0);
}

TEST("products: the same bits for any number of threads") {
  const Index n = 520;
  const auto a = numbers<float>(n * n, 5);
  const Factor<float> A(a.data(), n, n);
  const auto product = [&](int threads) {
    return with_threads(threads, [&] {
      Workspace work;
      std::vector<float> C(static_cast<std::size_t>(n * n));
      optlite::multiply_symmetric(A, A.t(), C.data(), work);
      return C;
    });
  };
  const auto one = product(1);
  for (const int threads : {2, 3, 7}) {
    const auto other = product(threads);
    CHECK(std::memcmp(one.data(), other.data(), one.size() * sizeof(float)) == 0);
  }
}

TEST("products: a factor packed once gives what a product gives, whatever rows come") {
  for (const Index depth : {1, 5, 64, 300}) {
    const Index cols = 203;
    const auto b = numbers<double>(cols * depth, 2);
    const auto a = numbers<double>(37 * depth, 1);
    const Factor<double> B = Factor<double>(b.data(), cols, depth).t();
    const optlite::PackedFactor<double> packed(B);
    for (const Index rows : {1, 4, 32, 37}) {
      const auto d = numbers<double>(rows * cols, 3);
      std::vector<double> C = d;
      packed.add_product(a.data(), rows, depth, C.data(), cols, -2.0);
      CHECK(largest_error(Factor<double>(a.data(), rows, depth), B, C, d, -2.0, 1.0) <= 1e-12);
    }
  }
}
