// One regression tree, and what it is grown from.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "optlite/trees/binning.hpp"

namespace optlite::trees {

/// Codes that go left, one bit each: the split of a categorical feature.
using LevelSet = std::array<std::uint64_t, 4>;

inline bool contains(const LevelSet& set, int code) { return (set[code >> 6] >> (code & 63)) & 1; }

/// Nodes in arrays; children come in pairs (left, left + 1) and after their parent.
struct Tree {
  std::vector<std::int32_t> feature;       // -1: a leaf
  std::vector<std::int32_t> left;          // -1: a leaf
  std::vector<std::uint8_t> code;          // code <= this goes left
  std::vector<std::uint8_t> missing_left;  // 1: the missing code goes left
  std::vector<std::int32_t> level_set;     // index into level_sets; -1: a numeric split
  std::vector<double> gain;                // reduction of the weighted squared error
  std::vector<double> weight;              // of the rows that came here
  std::vector<double> value;               // one an output
  std::vector<LevelSet> level_sets;

  Index size() const { return static_cast<Index>(feature.size()); }
};

struct TreeOptions {
  Index max_depth = 3;         // -1: no limit
  Index max_leaf_nodes = -1;   // -1: no limit; otherwise the leaf with the largest gain is split
  double min_leaf_weight = 1;  // rows, when all weights are 1
  double l2 = 0.0;
  /// For each feature +1 or -1 where the first output must not fall or rise with it; null: free.
  const std::int8_t* monotonic = nullptr;
};

/// The training data of all trees of a forest.
struct Sample {
  const std::uint8_t* codes = nullptr;  // rows x features, column-major
  Index rows = 0;
  BinsView bins;
};

/// Trees up to this size are walked by comparing all rows of a block with all nodes.
inline constexpr Index small_tree = 127;

/// "code <= limit, or code is the missing one" as one comparison: no code is larger than that one,
/// so that codes counted from it have it first and all others behind, in their order.
struct ByteSplit {
  std::uint8_t shift, limit;

  ByteSplit() = default;
  /// missing_code: -1 if it goes right.
  ByteSplit(std::uint8_t largest, int missing_code)
      : shift(static_cast<std::uint8_t>(missing_code > largest ? missing_code : 0)),
        limit(static_cast<std::uint8_t>(largest - shift)) {}
  bool left(std::uint8_t code) const { return static_cast<std::uint8_t>(code - shift) <= limit; }
};

/// Of rows with these codes, those that are at node `self` go on: to `right` - 1 where the split
/// says left, to `right` elsewhere. 32 rows at once, which beats their separate ways down a tree of
/// a few levels.
inline void move_rows(const std::uint8_t* code, Index count, Index self_node, Index right_node,
                      ByteSplit split, std::uint8_t* at) {
  const auto self = static_cast<std::uint8_t>(self_node);
  const auto right = static_cast<std::uint8_t>(right_node);
  const auto left = static_cast<std::uint8_t>(right_node - 1);
#pragma omp simd
  for (Index i = 0; i < count; ++i) {
    const std::uint8_t next = split.left(code[i]) ? left : right;
    at[i] = at[i] == self ? next : at[i];
  }
}

/// The same where a set says which codes go left.
inline void move_rows(const std::uint8_t* code, Index count, Index self_node, Index right_node,
                      const std::uint64_t* left_levels, std::uint8_t* at) {
  const auto self = static_cast<std::uint8_t>(self_node);
  const auto right = static_cast<std::uint8_t>(right_node);
  for (Index i = 0; i < count; ++i) {
    const auto left = static_cast<std::uint8_t>((left_levels[code[i] >> 6] >> (code[i] & 63)) & 1);
    at[i] = at[i] == self ? static_cast<std::uint8_t>(right - left) : at[i];
  }
}

/// The leaves that rows [begin, begin + count) of the sample end in.
void leaves_of(const Tree& tree, const Sample& sample, Index begin, Index count, Index* leaves);

}  // namespace optlite::trees
