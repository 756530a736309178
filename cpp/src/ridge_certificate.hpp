// What the solvers of the ridge problem share: value, certificate and the decision to stop.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "optlite/drivers/ridge.hpp"

namespace optlite {

/// |g|^2 / alpha; without a penalty the decrease that the diagonal of H promises, a measure but no
/// bound. The diagonal is asked for only then.
template <class Diagonal>
double gradient_gap(const Vector& g, double alpha, Diagonal&& get_diagonal) {
  if (alpha > 0.0) return g.squaredNorm() / alpha;
  const Vector& diagonal = get_diagonal();
  double sum = 0.0;
  for (Index j = 0; j < g.size(); ++j) {
    if (diagonal[j] > 0.0) sum += g[j] * g[j] / diagonal[j];
  }
  return sum;
}

/// Value, certificate and minus half the gradient at W, from X itself.
inline void measure(RidgeProblem& problem, const Vector& alphas, const Matrix& W, Matrix& G,
                    RidgeResult& result) {
  problem.residual_moments(W, G, result.value);
  result.certificate.resize(W.cols());
  for (Index t = 0; t < W.cols(); ++t) {
    G.col(t) -= alphas[t] * W.col(t);
    result.value[t] += alphas[t] * W.col(t).squaredNorm();
    const double gap =
        gradient_gap(G.col(t), alphas[t], [&]() -> const Vector& { return problem.squares(); });
    result.certificate[t] = relative_certificate(gap, result.value[t], problem.target_squares()[t]);
  }
}

inline bool within(const Vector& certificate, double tolerance) {
  return (certificate.array() <= tolerance).all();
}

inline Status ended(const RidgeResult& result, double tolerance) {
  if (!result.coefficients.allFinite()) return Status::not_finite;
  return within(result.certificate, tolerance) ? Status::converged : Status::precision_limit;
}

}  // namespace optlite
