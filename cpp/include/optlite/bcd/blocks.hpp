// Which blocks there are to choose from, and how one of them is chosen by numbers of coordinates.
#pragma once

#include <vector>

#include "optlite/bcd/quadratic.hpp"
#include "optlite/core/random.hpp"

namespace optlite::bcd {

/// The blocks of a partition or, without one, all blocks of one size.
class Blocks {
 public:
  /// `members` lists the blocks of a partition one after the other, block k from starts[k] on.
  Blocks(const Curvature& H, Index size, std::vector<Index> members, std::vector<Index> starts);

  bool fixed() const { return !starts_.empty(); }
  Index count() const { return static_cast<Index>(starts_.size()) - 1; }
  void copy(Index k, Block& block) const;
  const Index* begin(Index k) const { return members_.data() + start(k); }
  const Index* end(Index k) const { return members_.data() + start(k + 1); }

  /// Largest eigenvalue of H_bb, for each block of the partition.
  const Vector& lipschitz();
  /// Factor of H_bb of a block of the partition.
  const BlockSolver& solver(Index k);

  /// Largest keys first: the block of the given size. Ties go to the lower index.
  void choose(const Vector& keys, Block& block);

 private:
  Index start(Index k) const { return starts_[static_cast<std::size_t>(k)]; }

  const Curvature& H_;
  Index size_;
  std::vector<Index> members_, starts_;
  Vector lipschitz_;
  std::vector<BlockSolver> solvers_;
  std::vector<double> top_;  // scratch
};

/// What selections and updates see of a run.
struct State {
  Quadratic& f;
  Blocks& blocks;
  Philox random;
  Index iteration = 0;  // of the step to come, from 0
  Index chosen = -1;    // of the partition; -1 if the block is of no partition
  Vector keys{};          // scratch

  /// The block with the largest sum of key(i) over its members, divided by `divisor` if there is
  /// one; without a partition, the coordinates with the largest keys. Returns the score.
  template <class Key>
  double take_best(Key key, const Vector* divisor, Block& block) {
    if (!blocks.fixed()) {
      keys.resize(f.x().size());
      for (Index i = 0; i < keys.size(); ++i) keys[i] = key(i);
      return take_largest(block);
    }
    double best = -1.0;
    for (Index k = 0; k < blocks.count(); ++k) {
      double score = 0.0;
      for (const Index* i = blocks.begin(k); i != blocks.end(k); ++i) score += key(*i);
      if (divisor != nullptr) score /= (*divisor)[k];
      if (score > best) {
        best = score;
        chosen = k;
      }
    }
    if (best < 0.0) chosen = 0;  // NaN
    blocks.copy(chosen, block);
    return best;
  }

  /// The coordinates with the largest `keys`. Returns their sum.
  double take_largest(Block& block) {
    chosen = -1;
    blocks.choose(keys, block);
    double score = 0.0;
    for (const Index i : block) score += keys[i];
    return score;
  }
};

}  // namespace optlite::bcd
