// By how much at most the gradient of a block changes with the block, known or estimated.
#pragma once

#include "optlite/bcd/state.hpp"

namespace optlite::bcd {

/// L_b with f(x + d) <= f(x) + grad_b' d + L_b |d|^2 / 2.
class BlockLipschitz {
 public:
  enum class Rule { eigenvalue, sum, doubling };
  explicit BlockLipschitz(Rule rule) : rule_(rule) {}

  /// Sets d = step(L), by an L that is large enough: at once, or at least for this step.
  template <class Step>
  void take(State& state, const Block& block, Step step, Vector& d) {
    if (rule_ != Rule::doubling) {
      step(known(state, block), d);
      return;
    }
    double L = first_guess(state, block);
    state.f.restrict(block);
    gather(state.f.gradient(), block, gradient_);
    for (int doublings = 0;; ++doublings) {
      step(L, d);
      const double squared = d.squaredNorm();
      const double bound = gradient_.dot(d) + 0.5 * L * squared;
      const double slack = state.f.rounding() + 1e-12 * L * squared;
      if (doublings == 200 || !(state.f.change(d) > bound + slack)) break;
      L *= 2.0;
    }
    for (const Index i : block) found_[i] = L;
  }

 private:
  double known(State& state, const Block& block);
  double first_guess(State& state, const Block& block);

  Rule rule_;
  Vector found_;  // by variable: the last estimate of a block that it was in
  Vector gradient_;
  Matrix H_;
};

}  // namespace optlite::bcd
