// Linear systems of a block of a sparse H, with little fill where its graph is nearly a tree.
#pragma once

#include <memory>

#include "optlite/bcd/curvature.hpp"

namespace optlite::bcd {

class SparseBlockSolver {
 public:
  explicit SparseBlockSolver(const SparseColumns& H);
  ~SparseBlockSolver();

  /// r <- H_bb^-1 r. Factors of the blocks of a partition are kept: `k` is the number, or -1.
  void solve(const Block& block, Index k, Vector& r);

 private:
  struct Factors;
  const SparseColumns& H_;
  std::unique_ptr<Factors> factors_;
  std::vector<Index> place_;  // of a variable in the block; -1 outside
};

}  // namespace optlite::bcd
