// What a file in this folder declares: how far the chosen block moves.
//
//     static constexpr auto doc, formula, reference;
//     static constexpr auto takes = Takes::smooth;     if F must have no kinks, or no groups
//     std::unique_ptr<BlockUpdate> make() const;
#pragma once

#include <memory>
#include <vector>

#include "optlite/bcd/state.hpp"
#include "optlite/bcd/takes.hpp"
#include "optlite/core/registry.hpp"

namespace optlite {

class BlockUpdate {
 public:
  virtual ~BlockUpdate() = default;

  /// Sets d, by which the variables of the block change.
  virtual void step(bcd::State& state, const bcd::Block& block, Vector& d) = 0;

 protected:
  /// d = -grad_b f.
  static void steepest(const bcd::State& state, const bcd::Block& block, Vector& d) {
    bcd::gather(state.f.gradient(), block, d);
    d = -d;
  }
};

struct BlockUpdateRow {
  Record record;
  Takes takes;
  std::unique_ptr<BlockUpdate> (*make)(const std::vector<double>& fields);
};

const std::vector<BlockUpdateRow>& block_update_table();

template <class Part>
BlockUpdateRow make_block_update_row(const Entry<Part>& entry) {
  return {describe("block_updates", entry), takes_of<Part>(),
          [](const std::vector<double>& fields) { return make_part<Part>(fields).make(); }};
}

}  // namespace optlite
