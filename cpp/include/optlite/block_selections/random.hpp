#pragma once

#include "optlite/block_selections/concept.hpp"

namespace optlite::block_selections {

/// All blocks with one probability. Without a partition each coordinate has a random key.
struct Random {
  static constexpr auto doc =
      "A block drawn uniformly from the partition; else coordinates "
      "drawn without replacement.";
  static constexpr auto formula = R"(P(b) = 1 / n_{\text{blocks}})";
  static constexpr auto reference =
      "Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster "
      "greedy rules, message-passing, active-set complexity, and superlinear convergence, 2022";

  class Run final : public BlockSelection {
   public:
    double choose(bcd::State& state, bcd::Block& block) override {
      const auto draw = static_cast<std::uint64_t>(state.iteration);
      if (state.blocks.fixed()) {
        state.chosen = state.random.below(draw, state.blocks.count());
        state.blocks.copy(state.chosen, block);
        return 0.0;
      }
      const Index n = state.f.x().size();
      state.keys.resize(n);
      const std::uint64_t first = draw * static_cast<std::uint64_t>(n);
      for (Index i = 0; i < n; ++i) {
        state.keys[i] = state.random.uniform(first + static_cast<std::uint64_t>(i));
      }
      state.take_largest(block);
      return 0.0;
    }
  };

  std::unique_ptr<BlockSelection> make() const { return std::make_unique<Run>(); }
};

}  // namespace optlite::block_selections
