#pragma once

#include <array>

#include "optlite/bcd/lipschitz.hpp"
#include "optlite/block_updates/concept.hpp"

namespace optlite::block_updates {

/// Along the negative gradient, by one over a Lipschitz constant of the block.
struct Gradient {
  static constexpr auto doc = "A step along the negative gradient of the block.";
  static constexpr auto formula = R"(d = -\nabla_b f(x) / L_b)";
  static constexpr auto reference =
      "Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster "
      "greedy rules, message-passing, active-set complexity, and superlinear convergence, 2022";
  static constexpr auto takes = Takes::smooth;

  double constant = 0.0;
  static constexpr auto fields() {
    return std::array{choice("constant", &Gradient::constant, "eigenvalue sum doubling",
                             "L_b: the largest eigenvalue of H_bb, the sum of its diagonal, or an "
                             "estimate, at first the largest number of its diagonal, that is "
                             "doubled until the step decreases f enough.")};
  }

  class Run final : public BlockUpdate {
   public:
    explicit Run(bcd::BlockLipschitz::Rule rule) : lipschitz_(rule) {}

    void step(bcd::State& state, const bcd::Block& block, Vector& d) override {
      steepest(state, block, g_);
      lipschitz_.take(state, block, [this](double L, Vector& to) { to = g_ / L; }, d);
    }

   private:
    bcd::BlockLipschitz lipschitz_;
    Vector g_;
  };

  std::unique_ptr<BlockUpdate> make() const {
    return std::make_unique<Run>(static_cast<bcd::BlockLipschitz::Rule>(constant));
  }
};

}  // namespace optlite::block_updates
