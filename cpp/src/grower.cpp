#include "optlite/trees/grower.hpp"

#include <algorithm>
#include <utility>

#include "optlite/core/interrupt.hpp"
#include "optlite/core/parallel.hpp"

namespace optlite::trees {

namespace {

bool goes_left(const Tree& tree, Index node, int code, int missing_code) {
  const auto n = static_cast<std::size_t>(node);
  if (tree.level_set[n] >= 0) {
    return contains(tree.level_sets[static_cast<std::size_t>(tree.level_set[n])], code);
  }
  return code <= tree.code[n] || (tree.missing_left[n] != 0 && code == missing_code);
}

}  // namespace

Grower::Grower(const Sample& sample, const TreeOptions& options)
    : sample_(sample), options_(options) {}

std::vector<double> Grower::buffer() {
  if (spare_.empty()) return std::vector<double>(static_cast<std::size_t>(layout_->size()));
  std::vector<double> result = std::move(spare_.back());
  spare_.pop_back();
  return result;
}

void Grower::start(const Targets& targets, const std::vector<std::uint32_t>& rows) {
  targets_ = targets;
  if (layout_ == nullptr || layout_->outputs() != targets.outputs) {
    layout_ = std::make_unique<HistogramLayout>(sample_.bins, targets.outputs);
    spare_.clear();
  }
  tree_ = Tree{};
  leaves_.clear();
  factors_.assign(static_cast<std::size_t>(targets.outputs), 1.0);
  if (targets.factors != nullptr) {
    std::copy(targets.factors, targets.factors + targets.outputs, factors_.begin());
  }
  rows_.clear();
  for (const std::uint32_t i : rows) {  // rows without weight have no say
    if (targets.weight == nullptr || targets.weight[i] > 0.0) rows_.push_back(i);
  }
  right_rows_.resize(rows_.size());
  const Index entry = layout_->entry();
  entries_.resize(static_cast<std::size_t>(sample_.rows * entry));
  ordered_.resize(rows_.size() * static_cast<std::size_t>(entry));
  const double* weight = targets.weight;
  parallel::for_each(sample_.rows, static_cast<double>(sample_.rows), [&](Index i) {
    double* e = entries_.data() + i * entry;
    e[0] = weight == nullptr ? 1.0 : weight[i];
    for (Index k = 1; k < entry; ++k) e[k] = e[0] * targets.values[(k - 1) * targets.stride + i];
  });
}

bool Grower::may_split(const Node& node) const {
  if (options_.max_depth >= 0 && node.depth >= options_.max_depth) return false;
  if (node.end - node.begin < 2) return false;
  return node.totals[0] >= 2.0 * options_.min_leaf_weight * (1.0 - 1e-9);
}

SplitProblem Grower::problem_of(const Node& node) const {
  return {layout_->outputs(), node.totals.data(),       factors_.data(),
          options_.l2,        options_.min_leaf_weight, node.bounds};
}

/// Fills the histogram of `filled` and, when there are two nodes, turns the parent's histogram into
/// that of the other; then looks for splits. Each feature is one task.
void Grower::search(Node* nodes, Node* filled, double* parent_histogram) {
  const Index entry = layout_->entry();
  const Index count = filled->end - filled->begin;
  const std::uint32_t* rows = rows_.data() + filled->begin;
  parallel::for_each(count, static_cast<double>(count * entry), [&](Index i) {
    const double* from = entries_.data() + static_cast<Index>(rows[i]) * entry;
    std::copy(from, from + entry, ordered_.data() + i * entry);
  });
  const int n_nodes = parent_histogram == nullptr ? 1 : 2;
  const auto n_features = static_cast<Index>(features_->size());
  std::vector<Split> found(static_cast<std::size_t>(n_nodes * n_features));
  const double work = static_cast<double>(n_features) * (static_cast<double>(count) + 512.0);
  parallel::for_each(n_features, work, [&](Index j) {
    const Index f = (*features_)[static_cast<std::size_t>(j)];
    const Index start = layout_->start(f), codes = layout_->codes(f);
    double* bins = filled->histogram.data() + start;
    fill(sample_.codes + f * sample_.rows, rows, ordered_.data(), count, layout_->outputs(), codes,
         bins);
    if (parent_histogram != nullptr) subtract(bins, codes * entry, parent_histogram + start);
    for (int side = 0; side < n_nodes; ++side) {
      const Node& node = nodes[side];
      if (!may_split(node)) continue;
      const double* mine = &node == filled ? bins : parent_histogram + start;
      const int sign = options_.monotonic == nullptr ? 0 : options_.monotonic[f];
      Split& split = found[static_cast<std::size_t>(side * n_features + j)];
      split = best_split(problem_of(node), mine, codes - 1, sample_.bins.categorical[f] != 0, sign);
      split.feature = f;
    }
  });
  for (int side = 0; side < n_nodes; ++side) {
    for (Index j = 0; j < n_features; ++j) {
      const Split& split = found[static_cast<std::size_t>(side * n_features + j)];
      if (split.beats(nodes[side].split)) nodes[side].split = split;
    }
  }
}

void Grower::add_node(const Node& node) {
  tree_.feature.push_back(-1);
  tree_.left.push_back(-1);
  tree_.code.push_back(0);
  tree_.missing_left.push_back(0);
  tree_.level_set.push_back(-1);
  tree_.gain.push_back(0.0);
  tree_.weight.push_back(node.totals[0]);
  for (Index k = 0; k < layout_->outputs(); ++k) {
    const double value =
        node.totals[static_cast<std::size_t>(k + 1)] / (node.totals[0] + options_.l2);
    tree_.value.push_back(k == 0 ? node.bounds.clip(value) : value);
  }
}

void Grower::write_split(const Node& node, Index left) {
  const auto n = static_cast<std::size_t>(node.index);
  tree_.feature[n] = static_cast<std::int32_t>(node.split.feature);
  tree_.left[n] = static_cast<std::int32_t>(left);
  tree_.code[n] = static_cast<std::uint8_t>(node.split.code);
  tree_.missing_left[n] = node.split.missing_left ? 1 : 0;
  tree_.gain[n] = node.split.gain;
  if (node.split.categorical) {
    tree_.level_set[n] = static_cast<std::int32_t>(tree_.level_sets.size());
    tree_.level_sets.push_back(node.split.levels);
  }
}

/// Moves the rows of the left child to the front, both sides in their order. Returns their number.
Index Grower::partition(const Node& node) {
  const Index f = node.split.feature;
  const std::uint8_t* codes = sample_.codes + f * sample_.rows;
  bool left_codes[256];
  for (int code = 0; code < 256; ++code) {
    left_codes[code] = goes_left(tree_, node.index, code, sample_.bins.missing_code(f));
  }
  std::uint32_t* rows = rows_.data();
  Index left = node.begin, right = 0;
  for (Index i = node.begin; i < node.end; ++i) {  // no branch: both places are written
    const std::uint32_t row = rows[i];
    const bool go_left = left_codes[codes[row]];
    rows[left] = row;
    right_rows_[static_cast<std::size_t>(right)] = row;
    left += go_left ? 1 : 0;
    right += go_left ? 0 : 1;
  }
  std::copy(right_rows_.begin(), right_rows_.begin() + right, rows + left);
  return left - node.begin;
}

void Grower::split_node(Node node, std::vector<Node>& open) {
  const Index left_index = tree_.size();
  write_split(node, left_index);
  const Index middle = node.begin + partition(node);
  Node children[2];
  children[0] = {left_index, node.begin, middle, node.depth + 1, node.bounds, {}, {}, {}};
  children[1] = {left_index + 1, middle, node.end, node.depth + 1, node.bounds, {}, {}, {}};
  const Index entry = layout_->entry();
  for (Node& child : children) {
    child.totals.assign(static_cast<std::size_t>(entry), 0.0);
    for (Index i = child.begin; i < child.end; ++i) {
      const double* e =
          entries_.data() + static_cast<Index>(rows_[static_cast<std::size_t>(i)]) * entry;
      for (Index k = 0; k < entry; ++k) child.totals[static_cast<std::size_t>(k)] += e[k];
    }
  }
  const int sign = options_.monotonic == nullptr ? 0 : options_.monotonic[node.split.feature];
  if (sign != 0) {  // what lies below stays on its side of the middle
    const double values[2] = {
        node.bounds.clip(children[0].totals[1] / (children[0].totals[0] + options_.l2)),
        node.bounds.clip(children[1].totals[1] / (children[1].totals[0] + options_.l2))};
    const double half = 0.5 * (values[0] + values[1]);
    (sign > 0 ? children[0] : children[1]).bounds.upper = half;
    (sign > 0 ? children[1] : children[0]).bounds.lower = half;
  }
  for (const Node& child : children) add_node(child);
  if (may_split(children[0]) || may_split(children[1])) {
    const bool left_smaller = middle - node.begin <= node.end - middle;
    Node& smaller = children[left_smaller ? 0 : 1];
    smaller.histogram = buffer();
    search(children, &smaller, node.histogram.data());
    children[left_smaller ? 1 : 0].histogram = std::move(node.histogram);
  } else {
    spare_.push_back(std::move(node.histogram));
  }
  for (Node* child : {&children[1], &children[0]}) {  // the left one is taken first
    if (child->split.found()) {
      open.push_back(std::move(*child));
    } else {
      leaves_.push_back({child->index, child->begin, child->end});
      if (!child->histogram.empty()) spare_.push_back(std::move(child->histogram));
    }
  }
}

/// Rows that took part lie sorted by leaf; the others go down the tree.
void Grower::write_fitted(double* fitted) {
  const Index outputs = layout_->outputs();
  const auto write = [&](Index row, Index leaf) {
    for (Index k = 0; k < outputs; ++k) {
      fitted[k * targets_.stride + row] = tree_.value[static_cast<std::size_t>(leaf * outputs + k)];
    }
  };
  parallel::for_each(static_cast<Index>(leaves_.size()), static_cast<double>(rows_.size()),
                     [&](Index l) {
                       const Leaf& leaf = leaves_[static_cast<std::size_t>(l)];
                       for (Index i = leaf.begin; i < leaf.end; ++i) {
                         write(rows_[static_cast<std::size_t>(i)], leaf.index);
                       }
                     });
  if (static_cast<Index>(rows_.size()) == sample_.rows) return;
  std::vector<std::uint8_t> done(static_cast<std::size_t>(sample_.rows), 0);
  for (const std::uint32_t i : rows_) done[i] = 1;
  for (Index i = 0; i < sample_.rows; ++i) {
    if (done[static_cast<std::size_t>(i)] == 0) write(i, leaf_of(tree_, sample_, i));
  }
}

Tree Grower::grow(const Targets& targets, const std::vector<std::uint32_t>& rows,
                  const std::vector<std::int32_t>& features, double* fitted) {
  features_ = &features;
  start(targets, rows);
  Node root{0, 0, static_cast<Index>(rows_.size()), 0, {}, {}, {}, {}};
  root.totals.assign(static_cast<std::size_t>(layout_->entry()), 0.0);
  for (const std::uint32_t i : rows_) {
    const double* e = entries_.data() + static_cast<Index>(i) * layout_->entry();
    for (std::size_t k = 0; k < root.totals.size(); ++k) root.totals[k] += e[k];
  }
  add_node(root);
  if (may_split(root) && options_.max_leaf_nodes != 1) {
    root.histogram = buffer();
    search(&root, &root, nullptr);
  }
  std::vector<Node> open;
  if (root.split.found()) {
    open.push_back(std::move(root));
  } else {
    leaves_.push_back({0, root.begin, root.end});
    if (!root.histogram.empty()) spare_.push_back(std::move(root.histogram));
  }
  while (!open.empty()) {
    auto next = open.end() - 1;  // depth first: few histograms are alive
    if (options_.max_leaf_nodes > 0) {
      const auto open_and_closed = static_cast<Index>(open.size() + leaves_.size());
      if (open_and_closed >= options_.max_leaf_nodes) break;
      next = std::max_element(open.begin(), open.end(), [](const Node& a, const Node& b) {
        return a.split.gain < b.split.gain;
      });
    }
    Node node = std::move(*next);
    open.erase(next);
    split_node(std::move(node), open);
    interrupt::poll();
  }
  for (Node& node : open) {
    leaves_.push_back({node.index, node.begin, node.end});
    spare_.push_back(std::move(node.histogram));
  }
  write_fitted(fitted);
  return std::move(tree_);
}

Index leaf_of(const Tree& tree, const Sample& sample, Index row) {
  Index node = 0;
  while (tree.feature[static_cast<std::size_t>(node)] >= 0) {
    const Index f = tree.feature[static_cast<std::size_t>(node)];
    const int code = sample.codes[f * sample.rows + row];
    const bool left = goes_left(tree, node, code, sample.bins.missing_code(f));
    node = tree.left[static_cast<std::size_t>(node)] + (left ? 0 : 1);
  }
  return node;
}

}  // namespace optlite::trees
