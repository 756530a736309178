#pragma once

#include "optlite/bcd/newton.hpp"
#include "optlite/block_selections/concept.hpp"

namespace optlite::block_selections {

/// The objective itself decides, which costs a minimisation over each block.
struct Mi {
  static constexpr auto title = "MI";
  static constexpr auto doc = "Maximum improvement: the block along which F can decrease most.";
  static constexpr auto formula = R"(b \in \arg\min_b \min_d F(x + U_b d))";
  static constexpr auto reference =
      "Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster "
      "greedy rules, message-passing, active-set complexity, and superlinear convergence, 2022";
  static constexpr bool needs_partition = true;
  static constexpr auto takes = Takes::separable;

  class Run final : public BlockSelection {
   public:
    double choose(bcd::State& state, bcd::Block& block) override {
      double most = -1.0;
      Index best = 0;
      for (Index k = 0; k < state.blocks.count(); ++k) {
        state.blocks.copy(k, block);
        const double decrease = -newton_.minimise(state, block, 100, 1e-9, d_);
        if (decrease > most) {
          most = decrease;
          best = k;
        }
      }
      state.take(best, block);
      return most;
    }

   private:
    bcd::BlockNewton newton_;
    Vector d_;
  };

  std::unique_ptr<BlockSelection> make() const { return std::make_unique<Run>(); }
};

}  // namespace optlite::block_selections
