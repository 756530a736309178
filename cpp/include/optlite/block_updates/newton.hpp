#pragma once

#include "optlite/bcd/newton_update.hpp"

namespace optlite::block_updates {

/// With the Hessian at x, not a bound of it.
struct Newton {
  static constexpr auto doc = "Newton's step of the block, halved until f decreases enough.";
  static constexpr auto formula = R"(d = -t\, (\nabla^2_{bb} f(x))^{-1} \nabla_b f(x))";
  static constexpr auto reference =
      "Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster "
      "greedy rules, message-passing, active-set complexity, and superlinear convergence, 2022";
  static constexpr auto takes = Takes::smooth;

  std::unique_ptr<BlockUpdate> make() const { return std::make_unique<bcd::NewtonUpdate>(1, 0.0); }
};

}  // namespace optlite::block_updates
