// What selections and updates see of a run.
#pragma once

#include "optlite/bcd/blocks.hpp"
#include "optlite/bcd/smooth.hpp"
#include "optlite/bcd/terms.hpp"
#include "optlite/bcd/tournament.hpp"
#include "optlite/core/random.hpp"

namespace optlite::bcd {

class State {
 public:
  State(Smooth& smooth, const Terms& terms, Blocks& all_blocks, std::uint64_t seed);

  Smooth& f;
  const Terms& g;
  Blocks& blocks;
  Philox random;
  Index iteration = 0;  // of the step to come, from 0
  Index chosen = -1;    // of the partition; -1 if the block is of no partition
  Vector keys;          // scratch of selections
  Block everything;     // all variables
  Vector subgradient;   // the least of F at x, all variables

  /// The block with the largest sum of key(i) over its members, times its `factor` if there are
  /// any; without a partition, the coordinates with the largest keys. Returns the score.
  ///
  /// A key may depend on gradient and x of its variable only: where a move changes few of them, the
  /// others are not computed again.
  template <class Key>
  double take_best(Key key, const Vector* factors, Block& block) {
    const std::vector<Index>* touched = g.none() && !blocks.forest() ? f.touched() : nullptr;
    if (touched != nullptr) return take_best_of_changed(*touched, key, factors, block);
    const Index n = f.x().size();
    keys.resize(n);
    for (Index i = 0; i < n; ++i) keys[i] = key(i);
    if (!blocks.fixed()) return take_largest(block);
    blocks.sum(keys, scores_);
    if (factors != nullptr) scores_ = scores_.cwiseProduct(*factors);
    return take_largest_score(block);
  }

  /// To be called when gradients changed in another way than by a move.
  void forget() { seen_ = -2; }

  /// The coordinates with the largest `keys`. Returns their sum.
  double take_largest(Block& block);
  /// The block of the partition with this number.
  void take(Index k, Block& block) {
    chosen = k;
    blocks.copy(k, block);
  }

 private:
  double take_largest_score(Block& block);
  double take_winners(Block& block);

  template <class Key>
  double take_best_of_changed(const std::vector<Index>& touched, Key key, const Vector* factors,
                              Block& block) {
    const auto score = [&](Index k) {
      if (!blocks.fixed()) return key(k);
      double sum = 0.0;
      for (const Index* i = blocks.begin(k); i != blocks.end(k); ++i) sum += key(*i);
      return factors == nullptr ? sum : sum * (*factors)[k];
    };
    // Less than half of the tree is played again, or all of it.
    const auto changed = static_cast<Index>(touched.size());
    const Index size = blocks.fixed() ? blocks.count() : f.x().size();
    if (tournament_.size() == 0 || changed * 4 > size || iteration != seen_ + 1) {
      tournament_.fill(size, score);
    } else {
      for (const Index i : touched) {
        const Index k = blocks.fixed() ? blocks.of(i) : i;
        tournament_.change(k, score(k));
      }
    }
    seen_ = iteration;
    return take_winners(block);
  }

  Vector scores_;
  Tournament tournament_;
  Index seen_ = -2;  // the iteration that the tournament is of
};

}  // namespace optlite::bcd
