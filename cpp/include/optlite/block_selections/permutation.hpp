#pragma once

#include <numeric>
#include <utility>
#include <vector>

#include "optlite/block_selections/concept.hpp"

namespace optlite::block_selections {

/// Each block once in a pass; the order is drawn anew for each (Fisher and Yates).
struct Permutation {
  static constexpr auto doc =
      "The blocks of the partition in a random order, drawn anew for each pass.";
  static constexpr auto formula =
      R"(b_k = \pi_{\lfloor k / n \rfloor}(k \bmod n), \quad n = n_{\text{blocks}})";
  static constexpr auto reference =
      "Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster "
      "greedy rules, message-passing, active-set complexity, and superlinear convergence, 2022";
  static constexpr bool needs_partition = true;

  class Run final : public BlockSelection {
   public:
    double choose(bcd::State& state, bcd::Block& block) override {
      const Index n = state.blocks.count();
      const Index place = state.iteration % n;
      if (place == 0) {
        order_.resize(static_cast<std::size_t>(n));
        std::iota(order_.begin(), order_.end(), Index{0});
      }
      const auto draw = static_cast<std::uint64_t>(state.iteration);
      const Index other = place + state.random.below(draw, n - place);
      std::swap(order_[static_cast<std::size_t>(place)], order_[static_cast<std::size_t>(other)]);
      state.chosen = order_[static_cast<std::size_t>(place)];
      state.blocks.copy(state.chosen, block);
      return 0.0;
    }

   private:
    std::vector<Index> order_;
  };

  std::unique_ptr<BlockSelection> make() const { return std::make_unique<Run>(); }
};

}  // namespace optlite::block_selections
