#include "optlite/linalg/inverse_root.hpp"

#include <algorithm>
#include <cmath>

#include "optlite/linalg/coordinates.hpp"
#include "optlite/linalg/products.hpp"
#include "optlite/linalg/symmetric_eigen.hpp"

namespace optlite {

namespace {

double larger(double a, double b) { return a > b || std::isnan(a) ? a : b; }

/// The largest sum of a row's absolute values, which no eigenvalue exceeds.
double row_norm(const double* A, Index n) {
  double most = 0.0;
  for (Index i = 0; i < n; ++i) {
    double sum = 0.0;
    for (Index j = 0; j < n; ++j) sum += std::fabs(A[i * n + j]);
    most = larger(sum, most);
  }
  return most;
}

}  // namespace

template <class T>
void inverse_root(const T* A, Index n, Index p, const Ridge& ridge, T* root, Workspace& work) {
  const Workspace::Mark before = work.mark();
  double* copy = work.take<double>(n * n);
  double* vectors = work.take<double>(n * n);
  double* values = work.take<double>(n);
  std::copy_n(A, n * n, copy);
  const double rounding = epsilon * row_norm(copy, n);
  symmetric_eigen(copy, n, values, vectors, work);
  const double most = n > 0 ? values[n - 1] : 0.0;
  const double shift = larger(ridge.least + ridge.of_largest * most, rounding);
  // A root of the root for each of the two factors: their product is symmetric to the last bit.
  const double power = -0.5 / static_cast<double>(p);
  for (Index k = 0; k < n; ++k) {
    const double factor = std::pow(larger(values[k], 0.0) + shift, power);
    for (Index j = 0; j < n; ++j) vectors[k * n + j] *= factor;
  }
  const Factor<double> rows(vectors, n, n);
  multiply_symmetric(rows.t(), rows, copy, work);
  coordinates::each(n * n, [=](Index k) { root[k] = static_cast<T>(copy[k]); });
  work.release(before);
}

template void inverse_root(const double*, Index, Index, const Ridge&, double*, Workspace&);
template void inverse_root(const float*, Index, Index, const Ridge&, float*, Workspace&);

}  // namespace optlite
