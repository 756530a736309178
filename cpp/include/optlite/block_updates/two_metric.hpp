#pragma once

#include "optlite/bcd/newton_update.hpp"

namespace optlite::block_updates {

/// Two-metric projection: the second metric is diagonal where bounds matter.
struct TwoMetric {
  static constexpr auto doc =
      "A gradient step of the variables that it takes to a kink or a bound, Newton's step of the "
      "others; projected, and halved until F decreases enough.";
  static constexpr auto formula = R"(d_A = -s_A / L_A, \quad d_W = -(\nabla^2_{WW} f(x))^{-1} s_W)";
  static constexpr auto reference =
      "Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster "
      "greedy rules, message-passing, active-set complexity, and superlinear convergence, 2022";
  static constexpr auto takes = Takes::separable;

  std::unique_ptr<BlockUpdate> make() const { return std::make_unique<bcd::NewtonUpdate>(1, 0.0); }
};

}  // namespace optlite::block_updates
