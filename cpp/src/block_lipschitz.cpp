#include "optlite/bcd/lipschitz.hpp"

#include <algorithm>

#include "optlite/linalg/small_matrices.hpp"

namespace optlite::bcd {

double BlockLipschitz::known(State& state, const Block& block) {
  const Vector& diagonal = state.f.curvature().diagonal();
  double L = 0.0;
  if (rule_ == Rule::sum) {
    for (const Index i : block) L += diagonal[i];
  } else if (state.chosen >= 0) {
    L = state.blocks.lipschitz()[state.chosen];
  } else {
    state.f.curvature().entries(block, H_);
    L = symmetric_eigenvalues(H_)[H_.rows() - 1];
  }
  return L > 0.0 ? L : 1.0;  // f is constant along the block
}

/// No number of the diagonal of a quadratic is above the largest eigenvalue: the estimate begins
/// there.
double BlockLipschitz::first_guess(State& state, const Block& block) {
  if (found_.size() == 0) found_ = state.f.curvature().diagonal();
  double L = 0.0;
  for (const Index i : block) L = std::max(L, found_[i]);
  return L > 0.0 ? L : 1.0;
}

}  // namespace optlite::bcd
