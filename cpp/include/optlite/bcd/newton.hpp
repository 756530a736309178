// Newton's method along a block, within bounds: two-metric projection.
#pragma once

#include "optlite/bcd/state.hpp"

namespace optlite::bcd {

/// Minimises F = f + g along a block, g a sum over variables.
///
/// Around x, g is linear on a cell of intervals (see Terms::cell), where F is smooth. A variable
/// that a gradient step by its own constant L_i takes to the end of its interval is active: it
/// takes that step. The others take Newton's step among themselves. The path that results is
/// projected onto the cell, and its length halved until F has decreased by a share of what the
/// gradient promises (Bertsekas 1982; Nutini, Laradji and Schmidt 2022). Where that fails, for a
/// loss so flat that Newton's step is endless, a gradient step by the bound of the curvature is
/// taken.
class BlockNewton {
 public:
  /// Sets d, the step along the block, after at most `most` iterations or when the least
  /// subgradient of the block has fallen to `share` of what it was. Returns the change of F.
  double minimise(State& state, const Block& block, int most, double share, Vector& d);

 private:
  bool direct(State& state, const Block& block);
  bool direct_by_bound(State& state, const Block& block);
  bool search(State& state, const Block& block, Vector& d);
  void newton_step();

  Vector base_, x_, gradient_, s_, p_, trial_, d_trial_, lower_, upper_;
  Matrix H_, free_H_;
  std::vector<Index> free_;
  double change_ = 0.0;  // of F, at d
};

}  // namespace optlite::bcd
