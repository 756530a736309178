// Grows trees, one after the other, on one binned sample.
#pragma once

#include <vector>

#include "optlite/trees/histogram.hpp"
#include "optlite/trees/split.hpp"
#include "optlite/trees/tree.hpp"

namespace optlite::trees {

class Grower {
 public:
  Grower(const Sample& sample, const TreeOptions& options);

  /// A tree on these rows (increasing; null: all) and features; with `signs` it obeys the monotone
  /// features. `fitted` (outputs columns of `stride` numbers) receives the value of the leaf of
  /// every row of the sample. It may be where the targets are, and what rows add to bins then takes
  /// their place meanwhile, if it has the same size. With `nodes`, these receive the number of the
  /// leaf's node instead: of a tree of at most 256 of them.
  Tree grow(const Targets& targets, const std::vector<std::uint32_t>* rows,
            const std::vector<std::int32_t>& features, bool signs, double* fitted,
            std::uint8_t* nodes = nullptr);

 private:
  struct Node {
    Index index, begin, end;  // rows_[begin, end)
    Index depth;
    Bounds bounds;
    std::vector<double> totals;
    std::vector<Word> histogram;  // empty where no split is looked for
    Split split;
  };
  /// Rows whose place in the tree is known: a leaf, or a node both of whose children are leaves.
  struct Done {
    Index index, begin, end;
  };

  void start(const Targets& targets, const std::vector<std::uint32_t>* rows, double* fitted);
  bool may_split(const Node& node) const;
  std::vector<double> totals_of_root() const;
  void fill(Node& node);
  void search(Node* nodes, Index count);
  void subtract(const Node& smaller, std::vector<Word>& parent) const;
  SplitProblem problem_of(const Node& node) const;
  int sign(Index feature) const;
  Index partition(const Node& node);
  void gather(std::uint32_t* rows, Index count, const std::vector<Index>& lefts, Index left) const;
  void split_node(Node node, std::vector<Node>& open);
  void make_children(const Node& node, Node* children) const;
  void close(Node& node);
  void add_node(const Node& node);
  void write_split(const Node& node, Index left);
  template <class T, class Value>
  void write(T* out, Index outputs, Value value) const;
  template <class T, class Value>
  void write_listed(T* out, Index outputs, Value value) const;
  std::vector<Word> buffer();

  Sample sample_;
  TreeOptions options_;
  std::vector<FeatureGroup> groups_;
  Targets targets_;
  Coding coding_;
  HistogramLayout layout_;
  bool signs_ = false;
  const std::vector<std::int32_t>* features_ = nullptr;
  std::vector<std::uint8_t> chosen_;  // 1 for each of these
  Tree tree_;
  bool all_rows_ = false;
  std::vector<std::uint32_t> rows_;
  std::vector<std::vector<std::uint32_t>> right_rows_;  // of a chunk, one a thread
  std::vector<Word> own_entries_;
  Word* entries_ = nullptr;  // of each row; the own ones, or in the place of the targets
  std::vector<double> factors_;
  std::vector<std::vector<Word>> spare_;  // histograms to be used again
  std::vector<Done> done_;
};

}  // namespace optlite::trees
