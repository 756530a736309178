#pragma once

#include "optlite/block_updates/concept.hpp"

namespace optlite::block_updates {

/// For a quadratic: to the minimum over the block.
struct Matrix {
  static constexpr auto doc = "A step by the matrix of the block, which is exact for a quadratic.";
  static constexpr auto formula = R"(d = -H_{bb}^{-1} \nabla_b f(x))";
  static constexpr auto reference =
      "Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster "
      "greedy rules, message-passing, active-set complexity, and superlinear convergence, 2022";
  static constexpr auto takes = Takes::smooth;

  class Run final : public BlockUpdate {
   public:
    void step(bcd::State& state, const bcd::Block& block, Vector& d) override {
      steepest(state, block, d);
      if (state.chosen >= 0) {
        state.blocks.solver(state.chosen).solve(d);
        return;
      }
      state.f.curvature().entries(block, H_);
      if (d.size() == 1) {
        d[0] = H_(0, 0) > 0.0 ? d[0] / H_(0, 0) : 0.0;
        return;
      }
      bcd::BlockSolver(H_).solve(d);
    }

   private:
    optlite::Matrix H_;
  };

  std::unique_ptr<BlockUpdate> make() const { return std::make_unique<Run>(); }
};

}  // namespace optlite::block_updates
