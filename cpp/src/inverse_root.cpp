#include "optlite/linalg/inverse_root.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "optlite/linalg/coordinates.hpp"
#include "optlite/linalg/products.hpp"

namespace optlite {

namespace {

double larger(double a, double b) { return a > b || std::isnan(a) ? a : b; }

/// The largest sum of a row's absolute values, which no eigenvalue exceeds.
template <class T>
double row_norm(const T* A, Index n) {
  double most = 0.0;
  for (Index i = 0; i < n; ++i) {
    double sum = 0.0;
    for (Index j = 0; j < n; ++j) sum += std::fabs(static_cast<double>(A[i * n + j]));
    most = larger(sum, most);
  }
  return most;
}

/// The largest entry of |M - I|.
double distance_to_unit(const double* M, Index n) {
  double most = 0.0;
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j) {
      most = larger(std::fabs(M[i * n + j] - (i == j ? 1.0 : 0.0)), most);
    }
  }
  return most;
}

/// Buffers and products of one computation; all matrices are symmetric and commute.
struct Iteration {
  Index n, p;
  Workspace& work;
  double* N = work.take<double>(n * n);
  double* power = work.take<double>(n * n);
  double* spare = work.take<double>(n * n);

  /// to <- A B; `to` is neither.
  void product(const double* A, const double* B, double* to) {
    multiply_symmetric(Factor<double>(A, n, n), Factor<double>(B, n, n), to, work);
  }

  void set_n(const double* M) {
    const double by = 1.0 / static_cast<double>(p);
    coordinates::each(n * n, [=, to = N](Index k) { to[k] = -by * M[k]; });
    for (Index i = 0; i < n; ++i) N[i * n + i] += 1.0 + by;
  }

  /// to <- N^p M, by squaring from the highest bit of p.
  void advance(const double* M, double* to) {
    std::copy_n(N, n * n, power);
    Index bit = 1;
    while (2 * bit <= p) bit *= 2;
    for (bit /= 2; bit > 0; bit /= 2) {
      product(power, power, spare);
      std::swap(power, spare);
      if ((p & bit) == 0) continue;
      product(power, N, spare);
      std::swap(power, spare);
    }
    product(power, M, to);
  }
};

}  // namespace

template <class T>
void inverse_root(const T* A, Index n, Index p, double ridge, T* root, Workspace& work) {
  constexpr int most_steps = 100;
  constexpr double converged = 1e-8;  // squared by the step that remains then
  const Workspace::Mark before = work.mark();
  Iteration step{n, p, work};
  double* M = work.take<double>(n * n);
  double* next = work.take<double>(n * n);
  double* H = work.take<double>(n * n);
  const double norm = row_norm(A, n);
  const double shift = larger(ridge, epsilon * norm);
  const double order = static_cast<double>(p), z = (1.0 + order) / (2.0 * (norm + shift));
  coordinates::each(n * n, [=](Index k) {
    M[k] = z * static_cast<double>(A[k]);
    H[k] = 0.0;
  });
  for (Index i = 0; i < n; ++i) {
    M[i * n + i] = z * (static_cast<double>(A[i * n + i]) + shift);
    H[i * n + i] = std::pow(z, 1.0 / order);
  }
  double error = distance_to_unit(M, n);
  for (int k = 0; k < most_steps; ++k) {
    step.set_n(M);
    const bool last = error <= converged;
    if (!last) {
      step.advance(M, next);
      const double now = distance_to_unit(next, n);
      if (now > 1.2 * error) break;  // a negative eigenvalue, from rounding: H is still bounded
      error = now;
    }
    step.product(H, step.N, step.power);
    std::swap(H, step.power);
    if (last || std::isnan(error)) break;
    std::swap(M, next);
  }
  coordinates::each(n * n, [=](Index k) { root[k] = static_cast<T>(H[k]); });
  work.release(before);
}

template <class T>
double largest_eigenvalue(const T* A, Index n, Workspace& work) {
  const Workspace::Mark before = work.mark();
  double* v = work.take<double>(n);
  double* next = work.take<double>(n);
  Index best = 0;
  for (Index i = 1; i < n; ++i) {
    if (A[i * n + i] > A[best * n + best]) best = i;
  }
  for (Index j = 0; j < n; ++j) v[j] = static_cast<double>(A[best * n + j]);
  double value = 0.0;
  for (int k = 0; k < 20; ++k) {
    double most = 0.0;  // scaled by the largest entry first: squares may overflow
    for (Index j = 0; j < n; ++j) most = larger(std::fabs(v[j]), most);
    if (most == 0.0) break;
    double norm = 0.0;
    for (Index j = 0; j < n; ++j) norm += (v[j] / most) * (v[j] / most);
    for (Index j = 0; j < n; ++j) v[j] /= most * std::sqrt(norm);
    parallel::for_each(n, static_cast<double>(n * n), [&](Index i) {
      double sum = 0.0;
      for (Index j = 0; j < n; ++j) sum += static_cast<double>(A[i * n + j]) * v[j];
      next[i] = sum;
    });
    value = 0.0;
    for (Index j = 0; j < n; ++j) value += v[j] * next[j];
    std::swap(v, next);
  }
  work.release(before);
  return value;
}

template void inverse_root(const double*, Index, Index, double, double*, Workspace&);
template void inverse_root(const float*, Index, Index, double, float*, Workspace&);
template double largest_eigenvalue(const double*, Index, Workspace&);
template double largest_eigenvalue(const float*, Index, Workspace&);

}  // namespace optlite
