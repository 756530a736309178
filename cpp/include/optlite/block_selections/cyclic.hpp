#pragma once

#include "optlite/block_selections/concept.hpp"

namespace optlite::block_selections {

/// One block after the other.
struct Cyclic {
  static constexpr auto doc = "The blocks of the partition in turn.";
  static constexpr auto formula = R"(b_k = k \bmod n_{\text{blocks}})";
  static constexpr auto reference =
      "Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster "
      "greedy rules, message-passing, active-set complexity, and superlinear convergence, 2022";
  static constexpr bool needs_partition = true;

  class Run final : public BlockSelection {
   public:
    double choose(bcd::State& state, bcd::Block& block) override {
      state.chosen = state.iteration % state.blocks.count();
      state.blocks.copy(state.chosen, block);
      return 0.0;
    }
  };

  std::unique_ptr<BlockSelection> make() const { return std::make_unique<Run>(); }
};

}  // namespace optlite::block_selections
