// Which blocks there are to choose from, and how one of them is chosen by numbers of coordinates.
#pragma once

#include <memory>
#include <vector>

#include "optlite/bcd/forest.hpp"

namespace optlite::bcd {

/// The blocks of a partition or, without one, all blocks of at most one size.
class Blocks {
 public:
  /// `members` lists the blocks of a partition one after the other, block k from starts[k] on.
  /// Without a partition, `forest` admits those only whose graph has no cycle: H is sparse then.
  Blocks(const Curvature& H, Index size, std::vector<Index> members, std::vector<Index> starts,
         bool forest = false);

  bool fixed() const { return !starts_.empty(); }
  bool forest() const { return forest_ != nullptr; }
  Index count() const { return static_cast<Index>(starts_.size()) - 1; }
  Index size() const { return size_; }
  void copy(Index k, Block& block) const { block.assign(begin(k), end(k)); }
  const Index* begin(Index k) const { return members_.data() + start(k); }
  const Index* end(Index k) const { return members_.data() + start(k + 1); }
  /// Of a partition: the block of a variable.
  Index of(Index i) const { return block_of_[static_cast<std::size_t>(i)]; }

  /// Largest eigenvalue of H_bb, for each block of the partition: 0 where f is constant along it.
  const Vector& lipschitz();
  /// 0 there, too.
  const Vector& inverse_lipschitz();
  /// Factor of H_bb of a block of the partition.
  const BlockSolver& solver(Index k);

  /// Largest keys first: the block, of the given size. Ties go to the lower index.
  void choose(const Vector& keys, Block& block);
  /// sums[k] = sum of the keys in block k of the partition.
  void sum(const Vector& keys, Vector& sums) const;

 private:
  Index start(Index k) const { return starts_[static_cast<std::size_t>(k)]; }
  void choose_few(const Vector& keys, Block& block);

  const Curvature& H_;
  Index size_;
  std::vector<Index> members_, starts_, block_of_;
  bool single_ = false;    // blocks of one variable each
  bool in_order_ = false;  // members are 0, 1, 2, ...
  Vector lipschitz_, inverse_lipschitz_;
  std::vector<BlockSolver> solvers_;
  std::unique_ptr<Forest> forest_;
  std::vector<double> top_;  // scratch
};

}  // namespace optlite::bcd
