#pragma once

#include <optional>
#include <stdexcept>

#include "optlite/bcd/forest.hpp"
#include "optlite/block_updates/concept.hpp"

namespace optlite::block_updates {

/// Messages go from the leaves to the roots and back: as many operations as the block has
/// variables.
struct MessagePassing {
  static constexpr auto doc =
      "The matrix step where the graph of the block has no cycle, in linear time: LDL' without "
      "fill.";
  static constexpr auto formula =
      R"(D_v \leftarrow D_v - H_{uv}^2 / D_u, \quad r_v \leftarrow r_v - H_{uv} r_u / D_u)";
  static constexpr auto reference =
      "Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster "
      "greedy rules, message-passing, active-set complexity, and superlinear convergence, 2022";
  static constexpr auto takes = Takes::graph;

  class Run final : public BlockUpdate {
   public:
    void step(bcd::State& state, const bcd::Block& block, Vector& d) override {
      if (!messages_) messages_.emplace(*state.f.curvature().columns());
      steepest(state, block, d);
      if (messages_->solve(block, d)) return;
      throw std::invalid_argument(
          "update=\"message_passing\" needs blocks whose graph has no cycle. Use "
          "partition=\"forest\", \"trees\" or \"red_black\", or update=\"sparse_cholesky\".");
    }

   private:
    std::optional<bcd::MessagePassing> messages_;
  };

  std::unique_ptr<BlockUpdate> make() const { return std::make_unique<Run>(); }
};

}  // namespace optlite::block_updates
