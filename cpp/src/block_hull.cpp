#include "optlite/bcd/hull.hpp"

#include <cmath>

#include "optlite/linalg/small_matrices.hpp"

namespace optlite::bcd {

/// With the steps u_k between ends and H u_k the differences of their gradients: c minimises f at
/// the last end + sum c_k u_k. Steps are scaled to the same energy, so that one unit of rounding in
/// M is as small for each; steps along which f does not curve are left out.
bool Hull::combine(const Vector& g, Vector& c) const {
  const auto K = static_cast<Index>(steps_.size());
  Matrix M(K, K);
  Vector slopes(K);
  for (Index k = 0; k < K; ++k) {
    for (Index l = 0; l < K; ++l) M(k, l) = step(k).x.dot(step(l).gradient);
    slopes[k] = step(k).x.dot(g);
  }
  M = (0.5 * (M + M.transpose())).eval();
  const Vector scale =
      (M.diagonal().array() > 0.0).select(M.diagonal().cwiseSqrt().cwiseInverse(), 0.0);
  M = (scale.asDiagonal() * M * scale.asDiagonal()).eval();
  M.diagonal().array() += 1e-12;
  slopes = slopes.cwiseProduct(scale).eval();
  c = -solve_symmetric(M, slopes);
  if (!(c.dot(slopes) < 0.0)) return false;  // NaN, too
  c = c.cwiseProduct(scale).eval();
  return c.allFinite();
}

bool Hull::minimise(Smooth& f, Index directions) {
  const bool first = end_.x.size() == 0;
  bool moved = false;
  if (!first) {
    if (static_cast<Index>(steps_.size()) == directions) steps_.pop_front();
    steps_.push_back({f.x() - end_.x, f.gradient() - end_.gradient});
    moved = jump(f);
    if (moved) steps_.back() = {f.x() - end_.x, f.gradient() - end_.gradient};
  }
  end_.x = f.x();
  end_.gradient = f.gradient();
  return moved;
}

bool Hull::jump(Smooth& f) const {
  Vector c;
  if (!combine(f.gradient(), c)) return false;
  Vector x = f.x();
  Vector gradient = f.gradient();
  for (Index k = 0; k < c.size(); ++k) {
    x += c[k] * step(k).x;
    gradient += c[k] * step(k).gradient;
  }
  return f.jump_if_less(x, gradient);
}

}  // namespace optlite::bcd
