// What conjugate gradients keep of their start, so that rounding does not make them repeat it.
//
// In exact arithmetic each residual is orthogonal to all before it. Rounding brings back directions
// that are done with, those of the largest eigenvalues first, and steps are spent on them again and
// again: with ten eigenvalues far above the others three times as many steps as in exact
// arithmetic. Those directions lie in the span of the first few residuals. To stay orthogonal to
// these is enough, and costs little beside a read of X.
//
// Source: C. C. Paige, "Accuracy and effectiveness of the Lanczos algorithm for the symmetric
// eigenproblem", Linear Algebra and its Applications 34 (1980): orthogonality is lost towards
// converged Ritz vectors and nothing else.
#pragma once

#include <algorithm>
#include <vector>

#include "optlite/core/types.hpp"

namespace optlite {

/// Residuals of one right-hand side, each with a companion that shares its steps (or none).
class FirstResiduals {
 public:
  explicit FirstResiduals(Index room = 0) : room_(room) {}

  /// How many residuals of `size` numbers, companions included, are few beside the numbers that a
  /// product reads, or anyway.
  static Index affordable(Index read, Index size) {
    constexpr Index most = 16;
    constexpr Index few = 1 << 16;
    return most * size <= few ? most : std::min(most, read / (10 * size));
  }

  bool full() const { return static_cast<Index>(squares_.size()) >= room_; }

  /// `square` is the squared norm of the residual in the inner product.
  void keep(const Vector& residual, const Vector& companion, double square) {
    residuals_.push_back(residual);
    companions_.push_back(companion);
    squares_.push_back(square);
  }

  /// Makes a residual orthogonal to those kept; its inner product with r is r . image.
  void orthogonalise(const Vector& image, Eigen::Ref<Vector> residual,
                     Eigen::Ref<Vector> companion) const {
    for (std::size_t k = 0; k < squares_.size(); ++k) {
      const double share = residuals_[k].dot(image) / squares_[k];
      residual -= share * residuals_[k];
      companion -= share * companions_[k];
    }
  }

 private:
  Index room_;
  std::vector<Vector> residuals_;
  std::vector<Vector> companions_;
  std::vector<double> squares_;
};

}  // namespace optlite
