// What a proximal step of a coordinate, or of a group, promises: the scores of greedy rules where F
// has kinks.
#pragma once

#include "optlite/block_selections/concept.hpp"

namespace optlite::bcd {

struct Promise {
  double subgradient;  // squared norm of the least subgradient
  double step;  // squared norm of the proximal step
  double decrease;  // by that step, of the model with L |d|^2 / 2 in place of f's curvature
};

/// Of the variable i, with L = H_ii.
Promise promise_of(const State& state, Index i);

/// The block with the most of `what`: a sum over its variables, or that of its group with L_b.
double take_most_promising(State& state, double Promise::* what, Block& block);

/// The selection by one of them.
template <double Promise::* what>
class MostPromising final : public BlockSelection {
 public:
  double choose(State& state, Block& block) override {
    return take_most_promising(state, what, block);
  }
};

}  // namespace optlite::bcd
