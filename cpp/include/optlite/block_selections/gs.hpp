#pragma once

#include "optlite/block_selections/concept.hpp"

namespace optlite::block_selections {

/// Gauss and Southwell: the block with the largest gradient.
struct Gs {
  static constexpr auto title = "GS";
  static constexpr auto doc = "The block with the largest gradient.";
  static constexpr auto formula = R"(b \in \arg\max_b \| \nabla_b f(x) \|^2)";
  static constexpr auto reference =
      "Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster "
      "greedy rules, message-passing, active-set complexity, and superlinear convergence, 2022";
  static constexpr auto takes = Takes::smooth;

  class Run final : public BlockSelection {
   public:
    double choose(bcd::State& state, bcd::Block& block) override {
      const Vector& g = state.f.gradient();
      return state.take_best([&](Index i) { return g[i] * g[i]; }, nullptr, block);
    }
  };

  std::unique_ptr<BlockSelection> make() const { return std::make_unique<Run>(); }
};

}  // namespace optlite::block_selections
