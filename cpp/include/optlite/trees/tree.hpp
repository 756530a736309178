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

/// The leaf that a row of the sample ends in.
Index leaf_of(const Tree& tree, const Sample& sample, Index row);

}  // namespace optlite::trees
