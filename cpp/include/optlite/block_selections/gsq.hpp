#pragma once

#include "optlite/block_selections/concept.hpp"

namespace optlite::block_selections {

/// The block whose exact step decreases f most: for a quadratic the maximum improvement.
struct Gsq {
  static constexpr auto title = "GSQ";
  static constexpr auto doc =
      "The block of the partition whose exact step decreases the quadratic most.";
  static constexpr auto formula = R"(b \in \arg\max_b \nabla_b f(x)^T H_{bb}^{-1} \nabla_b f(x))";
  static constexpr auto reference =
      "Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster "
      "greedy rules, message-passing, active-set complexity, and superlinear convergence, 2022";
  static constexpr bool needs_partition = true;

  class Run final : public BlockSelection {
   public:
    double choose(bcd::State& state, bcd::Block& block) override {
      double best = -1.0;
      state.chosen = 0;
      for (Index k = 0; k < state.blocks.count(); ++k) {
        const Index* first = state.blocks.begin(k);
        r_.resize(state.blocks.end(k) - first);
        for (Index i = 0; i < r_.size(); ++i) r_[i] = state.f.gradient()[first[i]];
        const double score = state.blocks.solver(k).quadratic_form(r_);
        if (score > best) {
          best = score;
          state.chosen = k;
        }
      }
      state.blocks.copy(state.chosen, block);
      return best;
    }

   private:
    Vector r_;
  };

  std::unique_ptr<BlockSelection> make() const { return std::make_unique<Run>(); }
};

}  // namespace optlite::block_selections
