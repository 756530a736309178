// Updates that are Newton's method along the block, for one or for many steps.
#pragma once

#include "optlite/bcd/newton.hpp"
#include "optlite/block_updates/concept.hpp"

namespace optlite::bcd {

class NewtonUpdate final : public BlockUpdate {
 public:
  /// As for BlockNewton::minimise.
  NewtonUpdate(int most, double share) : most_(most), share_(share) {}

  void step(State& state, const Block& block, Vector& d) override {
    newton_.minimise(state, block, most_, share_, d);
  }

 private:
  BlockNewton newton_;
  int most_;
  double share_;
};

}  // namespace optlite::bcd
