// The loop of block coordinate descent: choose a block, compute its step, move.
#pragma once

#include "optlite/block_selections/concept.hpp"
#include "optlite/block_updates/concept.hpp"
#include "optlite/core/status.hpp"

namespace optlite {

struct BlockDescentOptions {
  double tolerance = 1e-8;
  double strong_convexity = 0.0;  // 0: not known
  Index max_iterations = 100000;
};

struct BlockDescentRecord {
  Index iteration = 0;
  double score = 0.0;
  double step_norm = 0.0;
  double value = 0.0;
  double gradient_norm = 0.0;
  double certificate = infinity;  // bound of f - min f
};

class BlockDescentRun {
 public:
  /// All of them must outlive the run.
  BlockDescentRun(bcd::Quadratic& f, bcd::Blocks& blocks, BlockSelection& selection,
                  BlockUpdate& update, std::uint64_t seed, BlockDescentOptions options);

  /// One iteration; false once the run has ended.
  bool advance();
  Status run();

  Status status() const { return status_; }
  const BlockDescentRecord& last() const { return last_; }
  const bcd::Block& block() const { return block_; }

 private:
  void measure();
  bool reached() const;
  bool confirmed();

  bcd::State state_;
  BlockSelection& selection_;
  BlockUpdate& update_;
  BlockDescentOptions options_;
  double first_value_;
  double goal_;
  int refreshes_ = 0;
  bcd::Block block_;
  Vector d_;
  BlockDescentRecord last_;
  Status status_ = Status::running;
};

}  // namespace optlite
