#include "intercepts.hpp"

#include <algorithm>
#include <cmath>

#include "optlite/linalg/small_matrices.hpp"

namespace optlite {

Vector sample_curvature(const MarginLoss& loss, Index a, Index b) {
  constexpr double flat = 1e-10;
  Vector q = loss.curvature(a, b);
  if (a != b) return q;
  for (Index i = 0; i < q.size(); ++i) q[i] = std::max(q[i], flat * loss.weight(i));
  return q;
}

Matrix intercept_curvature(const MarginLoss& loss) {
  const Index outputs = loss.outputs();
  Matrix B(outputs, outputs);
  for (Index a = 0; a < outputs; ++a) {
    for (Index b = a; b < outputs; ++b) B(a, b) = B(b, a) = sample_curvature(loss, a, b).sum();
  }
  // Softmax does not see a common shift: any curvature along it will do.
  if (outputs > 1) B.array() += B.trace() / static_cast<double>(outputs * outputs);
  return B;
}

void settle_intercepts(MarginLoss& loss, LossAt& at, Vector& intercepts) {
  for (int k = 0; k < 50; ++k) {
    const Vector slope = at.residual.colwise().sum();
    if (!(slope.cwiseAbs().maxCoeff() > 1e-15 * at.residual.cwiseAbs().sum())) return;
    loss.expand(at.margins);
    Vector step = solve_symmetric(intercept_curvature(loss), slope);
    const double size = step.cwiseAbs().maxCoeff();
    if (!(size > 0.0)) return;
    const Matrix margins = at.margins;
    const double before = at.value;
    for (int halving = 0; halving < 60; ++halving, step *= 0.5) {
      at.margins = margins.rowwise() + step.transpose();
      at.evaluate(loss);
      if (at.value <= before + 1e-15 * std::fabs(before)) break;
    }
    intercepts += step;
    if (size <= 1e-15 * std::max(1.0, intercepts.cwiseAbs().maxCoeff())) return;
  }
}

}  // namespace optlite
