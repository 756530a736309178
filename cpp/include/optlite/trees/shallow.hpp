// Trees of at most three levels of numeric splits, which is what boosting grows by default: filled
// up to complete ones, they are walked without a branch, 32 rows in a register, and the eight
// values of one lie in two registers, from which eight rows take theirs at once.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "optlite/trees/tree.hpp"

namespace optlite::trees {

/// A complete tree: the children of node n are 2 n + 1 and 2 n + 2, behind the seven nodes come the
/// leaves. A split that sends all rows to the left is one with the limit 255.
struct CompleteTree {
  static constexpr int nodes = 7, leaves = 8;
  std::array<std::int32_t, nodes> feature;
  std::array<ByteSplit, nodes> split;
};

/// leaf[i] = the leaf of a row whose code of node n is code[n][i].
inline void walk(const CompleteTree& tree,
                 const std::array<const std::uint8_t*, CompleteTree::nodes>& code, Index count,
                 std::uint8_t* leaf) {
  const auto c = code;  // copies: `leaf` is no part of them
  const auto s = tree.split;
#pragma omp simd
  for (Index i = 0; i < count; ++i) {
    const std::uint8_t first = s[3].left(c[3][i]) ? 0 : 1, second = s[4].left(c[4][i]) ? 2 : 3;
    const std::uint8_t third = s[5].left(c[5][i]) ? 4 : 5, fourth = s[6].left(c[6][i]) ? 6 : 7;
    const std::uint8_t lower = s[1].left(c[1][i]) ? first : second;
    const std::uint8_t upper = s[2].left(c[2][i]) ? third : fourth;
    leaf[i] = s[0].left(c[0][i]) ? lower : upper;
  }
}

/// Some trees of a forest, with the values of their leaves.
class ShallowTrees {
 public:
  explicit ShallowTrees(Index outputs) : outputs_(outputs) {}

  Index size() const { return static_cast<Index>(trees_.size()); }
  /// values: where the outputs of each leaf lie.
  void push(const CompleteTree& tree,
            const std::array<const double*, CompleteTree::leaves>& values);

  /// out (column-major, `rows` long) += the values of trees [first, last), in their order, for rows
  /// [begin, end) with these codes. At most block_rows rows.
  void add(const std::uint8_t* codes, Index rows, Index begin, Index end, Index first, Index last,
           double* out) const;
  static constexpr Index block_rows = 512;

 private:
  /// Eight doubles as eight lower and eight upper halves.
  struct alignas(32) Halves {
    std::array<std::uint32_t, CompleteTree::leaves> low, high;
  };
  using Leaves = std::array<std::uint8_t, block_rows>;

  template <int Trees>
  void add_values(const Leaves* leaves, const Halves* values, Index count, double* sums) const;

  Index outputs_;
  std::vector<CompleteTree> trees_;
  std::vector<Halves> values_;  // of tree t and output k at t * outputs + k
};

}  // namespace optlite::trees
