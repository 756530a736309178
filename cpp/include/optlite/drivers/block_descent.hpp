// The loop of block coordinate descent: choose a block, compute its step, move.
#pragma once

#include <deque>

#include "optlite/bcd/hull.hpp"
#include "optlite/bcd/newton.hpp"
#include "optlite/block_selections/concept.hpp"
#include "optlite/block_updates/concept.hpp"
#include "optlite/core/status.hpp"

namespace optlite {

struct BlockDescentOptions {
  double tolerance = 1e-8;
  double strong_convexity = 0.0;  // 0: not known
  Index max_iterations = 100000;
  Index stride = 1;  // iterations from one look at the gradient of all variables to the next
  Index anderson = 0;  // passes over all variables that are extrapolated; 0: none
  bool final_phase = false;  // Newton's method on the support once it is settled
  double reference = -infinity;  // F elsewhere: the gap is small beside that of there or the start
};

struct BlockDescentRecord {
  Index iteration = 0;
  double score = 0.0;
  double step_norm = 0.0;
  double value = 0.0;  // of F = f + g
  double gradient_norm = 0.0;  // of the least subgradient of F
  double certificate = infinity;  // bound of F - min F
  Index identified = 0;  // the last iteration that changed the active set
};

class BlockDescentRun {
 public:
  /// All of them must outlive the run.
  BlockDescentRun(bcd::Smooth& f, const bcd::Terms& g, bcd::Blocks& blocks,
                  BlockSelection& selection, BlockUpdate& update, std::uint64_t seed,
                  BlockDescentOptions options);

  /// One iteration; false once the run has ended.
  bool advance();
  Status run();

  Status status() const { return status_; }
  /// As of the last iteration, whether or not the loop had to look at it.
  const BlockDescentRecord& last();
  const bcd::Block& block() const { return block_; }

 private:
  void measure();
  void refresh();
  bool reached() const;
  bool confirmed();
  void poll();
  void move();
  bool same_kinks(const Vector& x, const Vector& y) const;
  bool support_is_settled();
  void step_on_support();
  void end_pass();
  void extrapolate();

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
  bool measured_ = false;
  Index work_ = 0;  // since an interrupt was polled for
  Index patience_, next_phase_;  // of the final phase, in iterations
  bcd::BlockNewton newton_;
  Index pass_;  // iterations in a pass over all variables
  bcd::Hull hull_;
  std::deque<Vector> passes_;  // x after the last passes
  Status status_ = Status::running;
};

}  // namespace optlite
