#pragma once

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <array>

#include "optlite/block_updates/concept.hpp"

namespace optlite::block_updates {

/// Along the negative gradient, by one over a Lipschitz constant of the block.
struct Gradient {
  static constexpr auto doc = "A step along the negative gradient of the block.";
  static constexpr auto formula = R"(d = -\nabla_b f(x) / L_b)";
  static constexpr auto reference =
      "Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster "
      "greedy rules, message-passing, active-set complexity, and superlinear convergence, 2022";

  double constant = 0.0;
  static constexpr auto fields() {
    return std::array{choice("constant", &Gradient::constant, "eigenvalue sum doubling",
                             "L_b: the largest eigenvalue of H_bb, the sum of its diagonal, or an "
                             "estimate, at first the largest number of its diagonal, that is "
                             "doubled until the step decreases f enough.")};
  }

  class Run final : public BlockUpdate {
   public:
    explicit Run(int constant) : constant_(constant) {}

    void step(bcd::State& state, const bcd::Block& block, Vector& d) override {
      steepest(state, block, d);
      d /= lipschitz(state, block, d);
    }

   private:
    double lipschitz(bcd::State& state, const bcd::Block& block, const Vector& g) {
      const Vector& diagonal = state.f.curvature().diagonal();
      if (constant_ == 0 && state.chosen >= 0) return state.blocks.lipschitz()[state.chosen];
      if (constant_ == 1) {
        double sum = 0.0;
        for (const Index i : block) sum += diagonal[i];
        return sum > 0.0 ? sum : 1.0;
      }
      state.f.curvature().entries(block, H_);
      if (constant_ == 0) {
        const Eigen::SelfAdjointEigenSolver<Matrix> eigen(H_, Eigen::EigenvaluesOnly);
        const double largest = eigen.eigenvalues()[H_.rows() - 1];
        return largest > 0.0 ? largest : 1.0;
      }
      return doubled(block, g, diagonal);
    }

    /// f(x - g / L) <= f(x) - |g|^2 / (2 L) for a quadratic says g' H g <= L |g|^2. What was found
    /// is kept with the coordinates. No number of the diagonal is above the largest eigenvalue.
    double doubled(const bcd::Block& block, const Vector& g, const Vector& diagonal) {
      if (found_.size() == 0) found_ = diagonal;
      double L = 0.0;
      for (const Index i : block) L = std::max(L, found_[i]);
      if (L == 0.0) return 1.0;  // f is constant along the block
      const double curved = g.dot(H_ * g);
      const double squared = g.squaredNorm();
      while (curved > L * squared) L *= 2.0;
      for (const Index i : block) found_[i] = L;
      return L;
    }

    int constant_;
    Vector found_;
    Matrix H_;
  };

  std::unique_ptr<BlockUpdate> make() const {
    return std::make_unique<Run>(static_cast<int>(constant));
  }
};

}  // namespace optlite::block_updates
