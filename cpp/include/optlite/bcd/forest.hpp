// Blocks along which the graph of a sparse H has no cycle: linear systems in linear time.
//
// The graph of H has an edge between i and j where H_ij is stored.
#pragma once

#include "optlite/bcd/curvature.hpp"

namespace optlite::bcd {

/// Grows sets of nodes that keep without a cycle.
class Forest {
 public:
  explicit Forest(const SparseColumns& H);

  void clear();
  /// Adds a node, unless two of its neighbours in the set are connected already.
  bool add(Index node);

  /// The largest keys first, ties to the lower index, as long as there is no cycle: the block, of
  /// at most `size` nodes.
  void choose(const Vector& keys, Index size, Block& block);

 private:
  Index root(Index node);

  const SparseColumns& H_;
  std::vector<Index> parent_;  // of the set that a node is in; -1: in none
  std::vector<Index> order_, roots_;
};

/// H_bb = L D L' by elimination of leaves, in the order of a walk back from them, without fill.
class MessagePassing {
 public:
  explicit MessagePassing(const SparseColumns& H);

  /// r <- H_bb^-1 r. False if the graph of the block has a cycle; throws where H_bb is not positive
  /// definite.
  bool solve(const Block& block, Vector& r);

 private:
  bool walk(const Block& block);

  const SparseColumns& H_;
  std::vector<Index> place_;   // of a variable in the block; -1 outside
  std::vector<Index> order_;   // places, every parent before its children
  std::vector<Index> parent_;  // place of the parent, -1 for a root
  Vector edge_;                // H between a node and its parent
  Vector pivot_, rounding_;
};

}  // namespace optlite::bcd
