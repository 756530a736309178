// Many trees in plain arrays, and prediction with them.
//
// The arrays are what an estimator stores; they are checked whole before each use, which costs a
// pass over the nodes (some 15 a tree) and makes a damaged file an error instead of a crash.
#pragma once

#include <cstdint>
#include <vector>

#include "optlite/trees/binning.hpp"
#include "optlite/trees/shallow.hpp"
#include "optlite/trees/tree.hpp"

namespace optlite::trees {

/// Arrays with their lengths, as they come from a file: nothing is trusted.
struct ForestView {
  template <class T>
  struct Array {
    const T* data = nullptr;
    Index size = 0;
    const T& operator[](Index i) const { return data[i]; }
  };
  Index outputs = 1;           // values of a leaf
  Index parameters = 1;        // columns of a prediction
  Array<std::int64_t> starts;  // nodes of tree t: [starts[t], starts[t + 1])
  Array<std::int32_t> target;  // the column that tree t adds to; with outputs > 1 it is 0
  Array<std::int32_t> feature, left, level_set;
  Array<std::uint8_t> code, missing_left;
  Array<double> value;              // outputs a node
  Array<std::uint64_t> level_sets;  // 4 a set

  Index trees() const { return starts.size - 1; }
};

/// Nodes packed for traversal: 16 bytes each, leaves lead to themselves.
class Forest {
 public:
  /// Throws std::invalid_argument that names the array at fault.
  Forest(const ForestView& arrays, const BinsView& bins);

  Index trees() const { return static_cast<Index>(depth_.size()); }
  /// needed[f] = 1 for features that trees [first, last) ask for.
  std::vector<std::uint8_t> needed_features(Index first, Index last) const;

  /// raw (rows x parameters, column-major) += the values of trees [first, last), in their order.
  void add(const std::uint8_t* codes, Index rows, Index first, Index last, double* raw) const;
  /// leaves (rows x trees, row-major) = the node, counted from the root, that a row ends in.
  void apply(const std::uint8_t* codes, Index rows, Index first, Index last,
             std::int32_t* leaves) const;

 private:
  struct Node {
    std::int32_t feature;
    std::int32_t left;       // of the whole forest
    std::int32_t level_set;  // -1: numeric
    std::int16_t missing;    // this code goes left, too; -1: none
    std::uint8_t code;
    std::uint8_t unused;
  };

  void check_tree(Index t, const BinsView& bins);
  bool is_small(Index tree) const;
  bool is_shallow(Index tree) const;
  void push(Index tree, ShallowTrees& to) const;
  void place(const std::uint8_t* codes, Index rows, Index begin, Index count, Index tree,
             std::uint8_t* at) const;
  template <int Trees>
  void add_small(const std::uint8_t* codes, Index rows, Index begin, Index end, const Index* trees,
                 double* out) const;
  void add_block(const std::uint8_t* codes, Index rows, Index begin, Index end,
                 const std::vector<Index>& trees, const ShallowTrees& shallow, double* out) const;
  template <class Visit>
  void each_row(const std::uint8_t* codes, Index rows, Index begin, Index end, Index tree,
                Visit visit) const;

  ForestView arrays_;
  Index features_;
  std::vector<Node> nodes_;
  std::vector<Index> depth_;
  std::vector<std::uint8_t> has_sets_;
};

}  // namespace optlite::trees
