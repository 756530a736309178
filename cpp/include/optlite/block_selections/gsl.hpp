#pragma once

#include "optlite/block_selections/concept.hpp"

namespace optlite::block_selections {

/// The block for which a gradient step is certain to decrease f most.
struct Gsl {
  static constexpr auto title = "GSL";
  static constexpr auto doc =
      "The block of the partition with the largest squared gradient over its Lipschitz constant.";
  static constexpr auto formula =
      R"(b \in \arg\max_b \| \nabla_b f(x) \|^2 / L_b, \quad L_b = \lambda_{\max}(H_{bb}))";
  static constexpr auto reference =
      "Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster "
      "greedy rules, message-passing, active-set complexity, and superlinear convergence, 2022";
  static constexpr bool needs_partition = true;
  static constexpr auto takes = Takes::smooth;

  class Run final : public BlockSelection {
   public:
    double choose(bcd::State& state, bcd::Block& block) override {
      const Vector& g = state.f.gradient();
      return state.take_best([&](Index i) { return g[i] * g[i]; },
                             &state.blocks.inverse_lipschitz(), block);
    }
  };

  std::unique_ptr<BlockSelection> make() const { return std::make_unique<Run>(); }
};

}  // namespace optlite::block_selections
