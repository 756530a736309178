// What a file in this folder declares: how the block that moves next is chosen.
//
//     static constexpr auto doc, formula, reference;
//     static constexpr bool needs_partition = true;    if it has no meaning without one
//     static constexpr auto takes = Takes::smooth;     if F must have no kinks, or no groups
//     std::unique_ptr<BlockSelection> make() const;
#pragma once

#include <memory>
#include <vector>

#include "optlite/bcd/state.hpp"
#include "optlite/bcd/takes.hpp"
#include "optlite/core/registry.hpp"

namespace optlite {

class BlockSelection {
 public:
  virtual ~BlockSelection() = default;

  /// Sets the block and state.chosen; returns the score by which it was chosen, 0 if by none.
  virtual double choose(bcd::State& state, bcd::Block& block) = 0;
};

struct BlockSelectionRow {
  Record record;
  bool needs_partition;  // has no meaning for blocks of any composition
  Takes takes;
  std::unique_ptr<BlockSelection> (*make)(const std::vector<double>& fields);
};

const std::vector<BlockSelectionRow>& block_selection_table();

namespace detail {

template <class Part, class = void>
struct needs_partition : std::false_type {};
template <class Part>
struct needs_partition<Part, std::void_t<decltype(Part::needs_partition)>> : std::true_type {};

}  // namespace detail

template <class Part>
BlockSelectionRow make_block_selection_row(const Entry<Part>& entry) {
  return {describe("block_selections", entry), detail::needs_partition<Part>::value,
          takes_of<Part>(),
          [](const std::vector<double>& fields) { return make_part<Part>(fields).make(); }};
}

}  // namespace optlite
