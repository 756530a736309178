// What a file in this folder declares: how far the chosen block moves.
//
//     static constexpr auto doc, formula, reference;
//     std::unique_ptr<BlockUpdate> make() const;
#pragma once

#include <memory>
#include <vector>

#include "optlite/bcd/blocks.hpp"
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
    d.resize(static_cast<Index>(block.size()));
    for (Index k = 0; k < d.size(); ++k) {
      d[k] = -state.f.gradient()[block[static_cast<std::size_t>(k)]];
    }
  }
};

struct BlockUpdateRow {
  Record record;
  std::unique_ptr<BlockUpdate> (*make)(const std::vector<double>& fields);
};

const std::vector<BlockUpdateRow>& block_update_table();

template <class Part>
BlockUpdateRow make_block_update_row(const Entry<Part>& entry) {
  return {describe("block_updates", entry),
          [](const std::vector<double>& fields) { return make_part<Part>(fields).make(); }};
}

}  // namespace optlite
