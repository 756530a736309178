#include "optlite/bcd/hull.hpp"

#include <cmath>

#include "optlite/linalg/small_matrices.hpp"

namespace optlite::bcd {

/// With the steps u_k between ends and H u_k the differences of their gradients: c minimises f at
/// the last end + sum c_k u_k. Steps are scaled to the same energy, so that one unit of rounding in
/// M is as small for each; steps along which f does not curve are left out.
bool Hull::combine(Vector& c) const {
  const auto K = static_cast<Index>(ends_.size()) - 1;
  const Vector& g = ends_.back().gradient;
  Matrix U(g.size(), K), HU(g.size(), K);
  for (Index k = 0; k < K; ++k) {
    const End& from = ends_[static_cast<std::size_t>(k)];
    const End& to = ends_[static_cast<std::size_t>(k + 1)];
    U.col(k) = to.x - from.x;
    HU.col(k) = to.gradient - from.gradient;
  }
  Matrix M = U.transpose() * HU;
  M = (0.5 * (M + M.transpose())).eval();
  const Vector scale =
      (M.diagonal().array() > 0.0).select(M.diagonal().cwiseSqrt().cwiseInverse(), 0.0);
  M = (scale.asDiagonal() * M * scale.asDiagonal()).eval();
  M.diagonal().array() += 1e-12;
  const Vector slopes = scale.cwiseProduct(U.transpose() * g);
  c = -solve_symmetric(M, slopes);
  if (!(c.dot(slopes) < 0.0)) return false;  // NaN, too
  c = c.cwiseProduct(scale).eval();
  return c.allFinite();
}

bool Hull::minimise(Smooth& f, Index directions) {
  ends_.push_back({f.x(), f.gradient()});
  if (static_cast<Index>(ends_.size()) > directions + 1) ends_.pop_front();
  if (ends_.size() < 2) return false;
  Vector c;
  if (!combine(c)) return false;
  End& last = ends_.back();
  End best = last;
  for (Index k = 0; k < c.size(); ++k) {
    const End& from = ends_[static_cast<std::size_t>(k)];
    const End& to = ends_[static_cast<std::size_t>(k + 1)];
    best.x += c[k] * (to.x - from.x);
    best.gradient += c[k] * (to.gradient - from.gradient);
  }
  if (!f.jump_if_less(best.x, best.gradient)) return false;
  last = std::move(best);
  return true;
}

}  // namespace optlite::bcd
