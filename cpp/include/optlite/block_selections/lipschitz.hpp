#pragma once

#include <algorithm>
#include <vector>

#include "optlite/block_selections/concept.hpp"

namespace optlite::block_selections {

/// Blocks along which f curves more are drawn more often.
struct Lipschitz {
  static constexpr auto doc =
      "A block of the partition drawn with probability proportional to its Lipschitz constant.";
  static constexpr auto formula =
      R"(P(b) = L_b / \sum_{b'} L_{b'}, \quad L_b = \lambda_{\max}(H_{bb}))";
  static constexpr auto reference =
      "Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster "
      "greedy rules, message-passing, active-set complexity, and superlinear convergence, 2022";
  static constexpr bool needs_partition = true;

  class Run final : public BlockSelection {
   public:
    double choose(bcd::State& state, bcd::Block& block) override {
      if (sums_.empty()) {
        double sum = 0.0;
        for (const double L : state.blocks.lipschitz()) sums_.push_back(sum += L);
      }
      const auto draw = static_cast<std::uint64_t>(state.iteration);
      const double u = state.random.uniform(draw) * sums_.back();
      const auto found = std::upper_bound(sums_.begin(), sums_.end() - 1, u);
      state.chosen = found - sums_.begin();
      state.blocks.copy(state.chosen, block);
      return 0.0;
    }

   private:
    std::vector<double> sums_;
  };

  std::unique_ptr<BlockSelection> make() const { return std::make_unique<Run>(); }
};

}  // namespace optlite::block_selections
