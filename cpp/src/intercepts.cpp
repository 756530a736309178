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

namespace {

/// One output: Newton's method between bounds, for the sign of the slope says where the best is.
/// Down an exponential its steps have all the same length: they are doubled until the best is
/// passed.
void settle_one(MarginLoss& loss, LossAt& at, double& intercept) {
  double low = -infinity, high = infinity, step = 0.0;
  for (int k = 0; k < 300; ++k) {
    const double slope = at.residual.sum();
    if (std::isnan(slope)) return;
    if (std::isfinite(slope) && std::fabs(slope) <= 1e-15 * at.residual.cwiseAbs().sum()) return;
    (slope > 0.0 ? low : high) = intercept;
    const bool between = std::isfinite(low) && std::isfinite(high);
    const double last = std::fabs(step);
    const double far = std::max(1.0, 2.0 * last);
    loss.expand(at.margins);
    step = slope / loss.curvature(0, 0).sum();
    if (!between) {
      const double size = std::isfinite(step) ? std::fabs(step) : far;
      step = std::copysign(std::min(k < 4 ? size : std::max(size, far), 1e3 * far), slope);
    }
    const double least = 1e-15 * std::max(1.0, std::fabs(intercept));
    const bool inside = intercept + step > low && intercept + step < high;
    const bool slow = k >= 8 && std::fabs(step) > 0.5 * last;
    if (between && (!inside || slow) && !(std::fabs(step) <= least)) {
      step = 0.5 * (low + high) - intercept;
    }
    at.margins.array() += step;
    intercept += step;
    at.evaluate(loss);
    if (std::fabs(step) <= least) return;
  }
}

/// Newton's step by the curvatures as they are: where rows of huge weight are nearly certain, their
/// least curvature would make it too short. A common shift of the outputs changes nothing, and the
/// one of the largest curvature stays where it is. Empty if there is no such step.
Vector bold_step(const MarginLoss& loss, const Vector& slope) {
  const Index outputs = loss.outputs();
  Matrix B(outputs, outputs);
  for (Index a = 0; a < outputs; ++a) {
    for (Index b = a; b < outputs; ++b) B(a, b) = B(b, a) = loss.curvature(a, b).sum();
  }
  if (!(B.diagonal().minCoeff() > 0.0)) return {};
  Index still = 0;
  const double most = B.diagonal().maxCoeff(&still);
  B.row(still).setZero();
  B.col(still).setZero();
  B(still, still) = most;
  Vector rest = slope;
  rest[still] = 0.0;
  const Vector step = solve_symmetric(B, rest);
  if (!step.allFinite()) return {};
  return step.array() - step.mean();
}

/// Several outputs: Newton's method, each step short enough for the loss to fall.
void settle_several(MarginLoss& loss, LossAt& at, Vector& intercepts) {
  for (int k = 0; k < 100; ++k) {
    const Vector slope = at.residual.colwise().sum();
    if (!(slope.cwiseAbs().maxCoeff() > 1e-15 * at.residual.cwiseAbs().sum())) return;
    loss.expand(at.margins);
    Vector step = bold_step(loss, slope);
    if (step.size() == 0) step = solve_symmetric(intercept_curvature(loss), slope);
    if (!(step.cwiseAbs().maxCoeff() > 0.0)) return;
    const Matrix margins = at.margins;
    const double before = at.value;
    const auto shorten = [&]() {
      double t = 1.0;
      for (int halving = 0; halving < 60; ++halving, t *= 0.5) {
        at.margins = margins.rowwise() + t * step.transpose();
        at.evaluate(loss);
        // A parabola falls by half of t slope . step.
        const double promised = 0.25 * t * slope.dot(step);
        if (at.value <= before - promised + 1e-15 * std::fabs(before)) break;
      }
      return t;
    };
    double t = shorten();
    if (at.value > before) {
      step = solve_symmetric(intercept_curvature(loss), slope);
      t = shorten();
    }
    intercepts += t * step;
    const double size = std::max(1.0, intercepts.cwiseAbs().maxCoeff());
    if (t * step.cwiseAbs().maxCoeff() <= 1e-15 * size) return;
  }
}

}  // namespace

void settle_intercepts(MarginLoss& loss, LossAt& at, Vector& intercepts) {
  if (loss.outputs() == 1) settle_one(loss, at, intercepts[0]);
  else settle_several(loss, at, intercepts);
}

}  // namespace optlite
