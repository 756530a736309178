#pragma once

#include <optional>

#include "optlite/bcd/sparse_solver.hpp"
#include "optlite/block_updates/concept.hpp"

namespace optlite::block_updates {

/// For graphs of bounded treewidth; on a forest the fill is none, as with messages.
struct SparseCholesky {
  static constexpr auto doc =
      "The matrix step by a sparse LDL' factorization of the block, with little fill where its "
      "graph "
      "is nearly a tree.";
  static constexpr auto formula = R"(P H_{bb} P^T = L D L^T, \quad d = -H_{bb}^{-1} \nabla_b f(x))";
  static constexpr auto reference =
      "Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster "
      "greedy rules, message-passing, active-set complexity, and superlinear convergence, 2022; "
      "Amestoy, Davis and Duff, An approximate minimum degree ordering algorithm, 1996";
  static constexpr auto takes = Takes::graph;

  class Run final : public BlockUpdate {
   public:
    void step(bcd::State& state, const bcd::Block& block, Vector& d) override {
      if (!solver_) solver_.emplace(*state.f.curvature().columns());
      steepest(state, block, d);
      solver_->solve(block, state.chosen, d);
    }

   private:
    std::optional<bcd::SparseBlockSolver> solver_;
  };

  std::unique_ptr<BlockUpdate> make() const { return std::make_unique<Run>(); }
};

}  // namespace optlite::block_updates
