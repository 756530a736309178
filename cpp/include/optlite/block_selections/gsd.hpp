#pragma once

#include <algorithm>
#include <array>
#include <limits>

#include "optlite/block_selections/concept.hpp"

namespace optlite::block_selections {

/// A diagonal in place of H makes the best block of any composition easy to find.
struct Gsd {
  static constexpr auto title = "GSD";
  static constexpr auto doc = "The coordinates with the largest squared gradient over a diagonal.";
  static constexpr auto formula = R"(b \in \arg\max_b \sum_{i \in b} (\nabla_i f(x))^2 / D_i)";
  static constexpr auto reference =
      "Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster "
      "greedy rules, message-passing, active-set complexity, and superlinear convergence, 2022";
  static constexpr auto takes = Takes::smooth;

  double diagonal = 0.0;
  static constexpr auto fields() {
    return std::array{choice("diagonal", &Gsd::diagonal, "lipschitz row_sums",
                             "D_i = H_ii, or the sum of the absolute values of row i of H.")};
  }

  class Run final : public BlockSelection {
   public:
    explicit Run(bool row_sums) : row_sums_(row_sums) {}

    double choose(bcd::State& state, bcd::Block& block) override {
      const Curvature& H = state.f.curvature();
      if (scale_.size() == 0) {
        scale_ = row_sums_ ? H.row_sums() : H.diagonal();
        constexpr double smallest = std::numeric_limits<double>::min();  // whose inverse is finite
        for (double& D : scale_) D = D > 0.0 ? 1.0 / std::max(D, smallest) : 0.0;
      }
      const Vector& g = state.f.gradient();
      return state.take_best([&](Index i) { return g[i] * g[i] * scale_[i]; }, nullptr, block);
    }

   private:
    using Curvature = bcd::Curvature;
    bool row_sums_;
    Vector scale_;
  };

  std::unique_ptr<BlockSelection> make() const { return std::make_unique<Run>(diagonal != 0.0); }
};

}  // namespace optlite::block_selections
