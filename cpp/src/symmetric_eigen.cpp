#include "optlite/linalg/symmetric_eigen.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "optlite/linalg/divide_and_conquer.hpp"
#include "optlite/linalg/tridiagonal.hpp"

namespace optlite {

namespace {

/// The largest entry in size; NaN or infinite if one is.
double largest_entry(const double* A, Index size) {
  double most = 0.0, spoilt = 0.0;
  for (Index k = 0; k < size; ++k) {
    most = std::max(most, std::fabs(A[k]));
    spoilt += 0.0 * A[k];
  }
  return most + spoilt;
}

}  // namespace

void symmetric_eigen(double* A, Index n, double* values, double* vectors, Workspace& work) {
  const double scale = largest_entry(A, n * n);
  if (!std::isfinite(scale)) {
    std::fill_n(values, n, std::numeric_limits<double>::quiet_NaN());
    std::fill_n(vectors, n * n, std::numeric_limits<double>::quiet_NaN());
    return;
  }
  const Workspace::Mark before = work.mark();
  double* beside = work.take<double>(n);
  double* factors = work.take<double>(n);
  if (scale > 0.0) {  // squares neither overflow nor vanish
    for (Index k = 0; k < n * n; ++k) A[k] /= scale;
  }
  to_tridiagonal(A, n, values, beside, factors, work);
  tridiagonal_eigen(values, beside, n, vectors, work);
  apply_reflections(A, factors, n, vectors, n, work);
  for (Index k = 0; k < n; ++k) values[k] *= scale;
  work.release(before);
}

}  // namespace optlite
