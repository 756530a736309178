#pragma once

#include <array>

#include "optlite/bcd/lipschitz.hpp"
#include "optlite/block_updates/concept.hpp"

namespace optlite::block_updates {

/// A gradient step, then the prox of the terms with kinks: for bounds, the projected gradient.
struct Proximal {
  static constexpr auto doc =
      "A gradient step of the block and the prox of its terms; where they are bounds, the "
      "projected "
      "gradient.";
  static constexpr auto formula =
      R"(d = \operatorname{prox}_{g_b / L_b}(x_b - \nabla_b f(x) / L_b) - x_b)";
  static constexpr auto reference =
      "Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster "
      "greedy rules, message-passing, active-set complexity, and superlinear convergence, 2022";

  double prox_constant = 0.0;
  static constexpr auto fields() {
    return std::array{choice("prox_constant", &Proximal::prox_constant, "eigenvalue sum doubling",
                             "L_b: the largest eigenvalue of H_bb, the sum of its diagonal, or an "
                             "estimate, at first the largest number of its diagonal, that is "
                             "doubled until f is below its model at the step.")};
  }

  class Run final : public BlockUpdate {
   public:
    explicit Run(bcd::BlockLipschitz::Rule rule) : lipschitz_(rule) {}

    void step(bcd::State& state, const bcd::Block& block, Vector& d) override {
      steepest(state, block, g_);
      bcd::gather(state.f.x(), block, x_);
      const auto proximal = [&](double L, Vector& to) {
        to = x_ + g_ / L;
        state.g.prox(block, 1.0 / L, to);
        to -= x_;
      };
      lipschitz_.take(state, block, proximal, d);
    }

   private:
    bcd::BlockLipschitz lipschitz_;
    Vector g_, x_;
  };

  std::unique_ptr<BlockUpdate> make() const {
    return std::make_unique<Run>(static_cast<bcd::BlockLipschitz::Rule>(prox_constant));
  }
};

}  // namespace optlite::block_updates
