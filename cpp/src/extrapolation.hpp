// Anderson's extrapolation of sweeps over coordinates.
#pragma once

#include <cmath>

#include <Eigen/LU>

#include "optlite/core/types.hpp"

namespace optlite {

/// Keeps the last iterates w, with numbers g that are affine in w and so need no product of their
/// own (Bertrand and Massias, Anderson acceleration of coordinate descent, 2021, algorithm 1).
class Extrapolation {
 public:
  void forget() { kept_ = 0; }

  /// Takes an iterate. True if w and g have been overwritten by a combination of iterates, to be
  /// tried: every sixth time.
  bool propose(Vector& w, Vector& g) {
    if (past_w_.rows() != w.size()) {
      past_w_.resize(w.size(), memory + 1);
      past_g_.resize(g.size(), memory + 1);
      kept_ = 0;
    }
    past_w_.col(kept_) = w;
    past_g_.col(kept_) = g;
    if (++kept_ <= memory) return false;
    kept_ = 0;
    const Matrix differences = past_w_.rightCols(memory) - past_w_.leftCols(memory);
    Matrix squares = differences.transpose() * differences;
    const double trace = squares.trace();
    if (!(trace > 0.0)) return false;
    squares.diagonal().array() += 1e-14 * trace;
    Vector z = squares.partialPivLu().solve(Vector::Ones(memory));
    const double sum = z.sum();
    if (!std::isfinite(sum) || sum == 0.0) return false;
    z /= sum;
    w = past_w_.rightCols(memory) * z;
    g = past_g_.rightCols(memory) * z;
    return true;
  }

 private:
  static constexpr Index memory = 5;

  Matrix past_w_;
  Matrix past_g_;
  Index kept_ = 0;
};

}  // namespace optlite
