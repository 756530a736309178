#pragma once

#include <algorithm>
#include <iterator>

#include "optlite/block_selections/concept.hpp"

namespace optlite::block_selections {

/// The block whose exact step decreases f most: for a quadratic the maximum improvement.
///
/// Among all blocks of one size the best is hard to find. Iterated hard thresholding looks for it
/// with steps d <- the largest entries of d - (g + H d) / L, each of which decreases the model.
struct Gsq {
  static constexpr auto title = "GSQ";
  static constexpr auto doc =
      "The block whose exact step decreases the quadratic most; without a partition, one that "
      "iterated hard thresholding finds.";
  static constexpr auto formula = R"(b \in \arg\max_b \nabla_b f(x)^T H_{bb}^{-1} \nabla_b f(x))";
  static constexpr auto reference =
      "Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster "
      "greedy rules, message-passing, active-set complexity, and superlinear convergence, 2022";
  static constexpr auto takes = Takes::smooth;

  class Run final : public BlockSelection {
   public:
    double choose(bcd::State& state, bcd::Block& block) override {
      return state.blocks.fixed() ? best_of_partition(state, block) : threshold(state, block);
    }

   private:
    double best_of_partition(bcd::State& state, bcd::Block& block) {
      double best = -1.0;
      Index chosen = 0;
      for (Index k = 0; k < state.blocks.count(); ++k) {
        state.blocks.copy(k, block);
        bcd::gather(state.f.gradient(), block, r_);
        const double score = state.blocks.solver(k).quadratic_form(r_);
        if (score > best) {
          best = score;
          chosen = k;
        }
      }
      state.take(chosen, block);
      return best;
    }

    /// From the block of GSD on; L is doubled until the model majorises the quadratic.
    double threshold(bcd::State& state, bcd::Block& block) {
      constexpr int most_steps = 10;
      const bcd::Curvature& H = state.f.curvature();
      const Vector& g = state.f.gradient();
      if (L_ == 0.0) L_ = H.diagonal().maxCoeff();
      state.keys.resize(g.size());
      for (Index i = 0; i < g.size(); ++i) {
        state.keys[i] = H.diagonal()[i] > 0.0 ? g[i] * g[i] / H.diagonal()[i] : 0.0;
      }
      state.take_largest(block);
      Vector d = Vector::Zero(g.size());
      for (const Index i : block) d[i] = H.diagonal()[i] > 0.0 ? -g[i] / H.diagonal()[i] : 0.0;
      for (int step = 0; step < most_steps && L_ > 0.0; ++step) {
        if (!improve(state, block, d)) break;
      }
      H.entries(block, H_);
      bcd::gather(g, block, r_);
      return bcd::BlockSolver(H_).quadratic_form(r_);
    }

    /// One step; false if it changes next to nothing.
    bool improve(bcd::State& state, bcd::Block& block, Vector& d) {
      const bcd::Curvature& H = state.f.curvature();
      slopes_ = state.f.gradient();
      bcd::gather(d, block, r_);
      H.add_columns(block, r_, slopes_);
      while (true) {
        trial_ = d - slopes_ / L_;
        state.keys = trial_.cwiseAbs();
        state.take_largest(next_);
        Vector moved = Vector::Zero(d.size());
        for (const Index i : next_) moved[i] = trial_[i];
        const Vector change = moved - d;
        const double squared = change.squaredNorm();
        if (!(squared > 1e-20 * d.squaredNorm())) return false;
        if (curved(state, block, change) <= L_ * squared * (1.0 + 1e-12)) {
          d = moved;
          block = next_;
          return true;
        }
        L_ *= 2.0;
      }
    }

    /// change' H change, for a change within two blocks.
    double curved(const bcd::State& state, const bcd::Block& block, const Vector& change) {
      both_.clear();
      std::set_union(block.begin(), block.end(), next_.begin(), next_.end(),
                     std::back_inserter(both_));
      bcd::gather(change, both_, r_);
      state.f.curvature().entries(both_, H_);
      return r_.dot(H_ * r_);
    }

    double L_ = 0.0;
    bcd::Block next_, both_;
    Vector r_, slopes_, trial_;
    Matrix H_;
  };

  std::unique_ptr<BlockSelection> make() const { return std::make_unique<Run>(); }
};

}  // namespace optlite::block_selections
