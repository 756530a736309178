// Inverse roots against their definition; scratch memory that is handed out again.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "check.hpp"
#include "optlite/linalg/inverse_root.hpp"

namespace {

using optlite::Index;
using optlite::Workspace;

/// A symmetric matrix with eigenvalues from 1 to `condition`: a reflection of a diagonal one.
std::vector<double> spread_matrix(Index n, double condition) {
  std::vector<double> A(static_cast<std::size_t>(n * n)), v(static_cast<std::size_t>(n));
  double norm = 0.0;
  for (Index i = 0; i < n; ++i) {
    v[static_cast<std::size_t>(i)] = std::sin(1.0 + static_cast<double>(i));
    norm += v[static_cast<std::size_t>(i)] * v[static_cast<std::size_t>(i)];
  }
  const auto reflection = [&](Index i, Index j) {
    const double outer = v[static_cast<std::size_t>(i)] * v[static_cast<std::size_t>(j)];
    return (i == j ? 1.0 : 0.0) - 2.0 * outer / norm;
  };
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j) {
      for (Index k = 0; k < n; ++k) {
        const double place = static_cast<double>(k) / static_cast<double>(n - 1);
        const double eigenvalue = std::pow(condition, place);
        A[static_cast<std::size_t>(i * n + j)] += reflection(i, k) * eigenvalue * reflection(j, k);
      }
    }
  }
  return A;
}

std::vector<double> product(const std::vector<double>& A, const std::vector<double>& B, Index n) {
  std::vector<double> C(A.size());
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j) {
      for (Index k = 0; k < n; ++k) {
        C[static_cast<std::size_t>(i * n + j)] +=
            A[static_cast<std::size_t>(i * n + k)] * B[static_cast<std::size_t>(k * n + j)];
      }
    }
  }
  return C;
}

double distance_to_unit(const std::vector<double>& A, Index n) {
  double most = 0.0;
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j) {
      const double entry = A[static_cast<std::size_t>(i * n + j)];
      most = std::fmax(most, std::fabs(entry - (i == j ? 1.0 : 0.0)));
    }
  }
  return most;
}

}  // namespace

TEST("inverse roots: H^p A = I for every p and condition") {
  const Index n = 9;
  for (const double condition : {1.0, 1e3, 1e8}) {
    const std::vector<double> A = spread_matrix(n, condition);
    for (Index p = 1; p <= 7; ++p) {
      Workspace work;
      std::vector<double> H(A.size());
      optlite::inverse_root(A.data(), n, p, {}, H.data(), work);
      std::vector<double> all = A;
      for (Index k = 0; k < p; ++k) all = product(H, all, n);
      CHECK(distance_to_unit(all, n) < 1e-12 + 1e-14 * condition);
    }
  }
}

TEST("inverse roots: a ridge is added, and zero has a root with it") {
  const std::vector<double> zero(16, 0.0);
  Workspace work;
  std::vector<double> H(16);
  optlite::inverse_root(zero.data(), 4, 2, {0.25}, H.data(), work);
  for (double& entry : H) entry *= 0.5;  // (1/4)^(-1/2) = 2
  CHECK(distance_to_unit(H, 4) < 1e-14);
}

TEST("inverse roots: NaN comes through") {
  std::vector<double> A = spread_matrix(5, 10.0);
  A[7] = std::nan("");
  Workspace work;
  std::vector<double> H(A.size());
  optlite::inverse_root(A.data(), 5, 4, {}, H.data(), work);
  CHECK(std::isnan(H[0]));
}

TEST("inverse roots: a ridge in units of the largest eigenvalue") {
  const std::vector<double> A = spread_matrix(8, 16.0);
  Workspace work;
  std::vector<double> H(A.size());
  optlite::inverse_root(A.data(), 8, 4, {1.0, 0.5}, H.data(), work);
  std::vector<double> all = A;  // H^4 (A + 9 I) = I
  for (Index i = 0; i < 8; ++i) all[static_cast<std::size_t>(i * 9)] += 9.0;
  for (int k = 0; k < 4; ++k) all = product(H, all, 8);
  CHECK(distance_to_unit(all, 8) < 1e-13);
}

TEST("inverse roots: what rounding made negative counts as zero") {
  const std::vector<double> A{1.0, 0.0, 0.0, -1e-3};
  Workspace work;
  std::vector<double> H(4);
  optlite::inverse_root(A.data(), 2, 2, {1e-4}, H.data(), work);
  CHECK(std::fabs(H[3] - 100.0) < 1e-10);
}

TEST("workspace: arrays do not overlap, and come back after a rewind") {
  Workspace work;
  std::vector<double*> arrays;
  for (Index size : {3, 1000, 7, 100000, 1}) {
    double* array = work.take<double>(size);
    for (Index j = 0; j < size; ++j) array[j] = static_cast<double>(size);
    arrays.push_back(array);
    // What the products of Eigen need: the width of a vector, which depends on the level.
    CHECK(reinterpret_cast<std::uintptr_t>(array) % std::max(16, EIGEN_DEFAULT_ALIGN_BYTES) == 0);
  }
  CHECK(arrays[0][2] == 3.0 && arrays[1][999] == 1000.0 && arrays[2][6] == 7.0);
  work.rewind();
  const Workspace::Mark mark = work.mark();
  double* first = work.take<double>(10);
  work.release(mark);
  CHECK(work.take<double>(50) == first);
  work.rewind();
  CHECK(work.take<double>(101000) == first);  // all in one block now
}

TEST("workspace: a block that came after a mark is used again after release") {
  Workspace work;
  work.take<double>(10);
  const Workspace::Mark mark = work.mark();
  double* large = work.take<double>(1000);
  work.release(mark);
  CHECK(work.take<double>(900) == large);
}
