#include "optlite/linalg/laplacian.hpp"

#include "optlite/core/interrupt.hpp"
#include "optlite/core/parallel.hpp"

namespace optlite {

Vector solve_laplacian(RowMatrix& weights, Vector right) {
  const Index m = right.size();
  Vector degrees(m);
  for (Index k = 0; k + 1 < m; ++k) {
    const double* links = weights.row(k).data();
    degrees[k] = weights.row(k).tail(m - 1 - k).sum();
    if (!(degrees[k] > 0.0)) continue;
    const Index left = m - 1 - k;
    parallel::for_each(left, 0.5 * static_cast<double>(left * left), [&](Index row) {
      const Index i = k + 1 + row;
      const double share = links[i] / degrees[k];
      if (share == 0.0) return;
      double* target = weights.row(i).data();
#pragma omp simd
      for (Index j = i + 1; j < m; ++j) target[j] += share * links[j];
      right[i] += share * right[k];
    });
    if (k % 16 == 0) interrupt::poll();
  }
  Vector y = Vector::Zero(m);
  for (Index k = m - 2; k >= 0; --k) {
    if (!(degrees[k] > 0.0)) continue;
    const Index left = m - 1 - k;
    y[k] = (right[k] + weights.row(k).tail(left).dot(y.tail(left))) / degrees[k];
  }
  return y;
}

}  // namespace optlite
