#pragma once

#include "optlite/bcd/newton_update.hpp"

namespace optlite::block_updates {

/// Steps of two-metric projection until nothing is left to gain.
struct Exact {
  static constexpr auto doc =
      "To the minimum over the block, by Newton's method within the bounds.";
  static constexpr auto formula = R"(d \in \arg\min_d F(x + U_b d))";
  static constexpr auto reference =
      "Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster "
      "greedy rules, message-passing, active-set complexity, and superlinear convergence, 2022";
  static constexpr auto takes = Takes::separable;

  std::unique_ptr<BlockUpdate> make() const {
    return std::make_unique<bcd::NewtonUpdate>(100, 1e-12);
  }
};

}  // namespace optlite::block_updates
