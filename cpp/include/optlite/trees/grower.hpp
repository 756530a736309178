// Grows trees, one after the other, on one binned sample.
#pragma once

#include <memory>
#include <vector>

#include "optlite/trees/histogram.hpp"
#include "optlite/trees/split.hpp"
#include "optlite/trees/tree.hpp"

namespace optlite::trees {

/// A least-squares problem for one tree with `outputs` values a leaf.
struct Targets {
  Index outputs = 1;
  const double* values = nullptr;   // outputs columns of `stride` numbers
  Index stride = 0;
  const double* weight = nullptr;   // of each row; null: ones
  const double* factors = nullptr;  // weight c_k of each output in a gain; null: ones
};

class Grower {
 public:
  Grower(const Sample& sample, const TreeOptions& options);

  /// A tree on these rows (increasing) and features. `fitted` (outputs columns of `stride` numbers)
  /// receives the value of the leaf of every row of the sample.
  Tree grow(const Targets& targets, const std::vector<std::uint32_t>& rows,
            const std::vector<std::int32_t>& features, double* fitted);

 private:
  struct Node {
    Index index, begin, end;  // rows_[begin, end)
    Index depth;
    Bounds bounds;
    std::vector<double> totals;
    std::vector<double> histogram;  // empty where no split is looked for
    Split split;
  };

  void start(const Targets& targets, const std::vector<std::uint32_t>& rows);
  bool may_split(const Node& node) const;
  void search(Node* nodes, Node* filled, double* parent_histogram);
  SplitProblem problem_of(const Node& node) const;
  Index partition(const Node& node);
  void split_node(Node node, std::vector<Node>& open);
  void add_node(const Node& node);
  void write_split(const Node& node, Index left);
  void write_fitted(double* fitted);
  std::vector<double> buffer();

  Sample sample_;
  TreeOptions options_;
  Targets targets_;
  std::unique_ptr<HistogramLayout> layout_;
  const std::vector<std::int32_t>* features_ = nullptr;
  Tree tree_;
  std::vector<std::uint32_t> rows_, right_rows_;
  std::vector<double> entries_, ordered_;  // (weight, weighted targets): of each row; of a node's
  std::vector<double> factors_;
  std::vector<std::vector<double>> spare_;  // histograms to be used again
  struct Leaf {
    Index index, begin, end;
  };
  std::vector<Leaf> leaves_;
};

}  // namespace optlite::trees
