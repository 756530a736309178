#include "optlite/trees/grower.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "optlite/core/interrupt.hpp"
#include "optlite/core/parallel.hpp"

namespace optlite::trees {

namespace {

// Rows whose sums are added up on their own: one task, and the same ones for any number of threads.
constexpr Index chunk_rows = 65536;
constexpr Index block_rows = 2048;  // of rows that go down a tree together

bool goes_left(const Tree& tree, Index node, int code, int missing_code) {
  const auto n = static_cast<std::size_t>(node);
  if (tree.level_set[n] >= 0) {
    return contains(tree.level_sets[static_cast<std::size_t>(tree.level_set[n])], code);
  }
  return code <= tree.code[n] || (tree.missing_left[n] != 0 && code == missing_code);
}

/// 1 for the codes that go left.
std::array<std::uint8_t, 256> left_codes(const Tree& tree, Index node, int missing_code) {
  std::array<std::uint8_t, 256> left{};
  for (int code = 0; code < 256; ++code) {
    left[static_cast<std::size_t>(code)] = goes_left(tree, node, code, missing_code) ? 1 : 0;
  }
  return left;
}

Index chunks_of(Index count) { return (count + chunk_rows - 1) / chunk_rows; }

}  // namespace

Grower::Grower(const Sample& sample, const TreeOptions& options)
    : sample_(sample),
      options_(options),
      groups_(groups_of(sample.bins.features)),
      layout_(sample.bins, 1),
      chosen_(static_cast<std::size_t>(sample.bins.features), 0) {}

std::vector<Word> Grower::buffer() {
  if (spare_.empty()) return std::vector<Word>(static_cast<std::size_t>(layout_.size()));
  std::vector<Word> result = std::move(spare_.back());
  spare_.pop_back();
  return result;
}

void Grower::start(const Targets& targets, const std::vector<std::uint32_t>* rows, double* fitted) {
  targets_ = targets;
  if (rows == nullptr) {
    rows_.resize(static_cast<std::size_t>(sample_.rows));
    std::iota(rows_.begin(), rows_.end(), 0u);
  } else {
    rows_ = *rows;
  }
  if (targets.weight != nullptr) {  // rows without weight have no say
    rows_.erase(std::remove_if(rows_.begin(), rows_.end(),
                               [&](std::uint32_t i) { return !(targets.weight[i] > 0.0); }),
                rows_.end());
  }
  const auto count = static_cast<Index>(rows_.size());
  all_rows_ = count == sample_.rows;
  const std::uint32_t* const chosen = all_rows_ ? nullptr : rows_.data();
  coding_ = Coding(targets, chosen, count);
  if (layout_.words() != coding_.words()) {
    layout_ = HistogramLayout(sample_.bins, coding_.words());
    spare_.clear();
  }
  tree_ = Tree{};
  done_.clear();
  factors_.assign(static_cast<std::size_t>(targets.outputs), 1.0);
  if (targets.factors != nullptr) {
    std::copy(targets.factors, targets.factors + targets.outputs, factors_.begin());
  }
  std::fill(chosen_.begin(), chosen_.end(), std::uint8_t{0});
  for (const std::int32_t f : *features_) chosen_[static_cast<std::size_t>(f)] = 1;
  right_rows_.resize(static_cast<std::size_t>(parallel::team(chunks_of(count))));
  for (auto& part : right_rows_) {
    part.resize(static_cast<std::size_t>(std::min(count, chunk_rows)));
  }
  static_assert(sizeof(Word) == sizeof(double), "a word takes the place of a target");
  if (targets.values == fitted && coding_.words() == 1) {
    entries_ = reinterpret_cast<Word*>(fitted);
  } else {
    own_entries_.resize(static_cast<std::size_t>(sample_.rows * coding_.words()));
    entries_ = own_entries_.data();
  }
  parallel::for_each(chunks_of(count), static_cast<double>(count * coding_.words()), [&](Index c) {
    const Index begin = c * chunk_rows, end = std::min(count, begin + chunk_rows);
    coding_.write(targets, chosen, begin, end, entries_);
  });
}

bool Grower::may_split(const Node& node) const {
  if (options_.max_depth >= 0 && node.depth >= options_.max_depth) return false;
  return node.totals[0] >= 2.0 * options_.min_leaf_weight * (1.0 - 1e-9);
}

SplitProblem Grower::problem_of(const Node& node) const {
  return {&coding_,    node.totals.data(),       factors_.data(),
          options_.l2, options_.min_leaf_weight, node.bounds};
}

int Grower::sign(Index feature) const {
  return signs_ && options_.monotonic != nullptr ? options_.monotonic[feature] : 0;
}

std::vector<double> Grower::totals_of_root() const {
  const std::uint32_t* rows = all_rows_ ? nullptr : rows_.data();
  const std::vector<Word> sums =
      sum_of({rows, 0, static_cast<Index>(rows_.size()), entries_}, coding_);
  std::vector<double> totals(static_cast<std::size_t>(1 + coding_.outputs()));
  coding_.read(sums.data(), totals.data());
  return totals;
}

/// The node's histogram. Rows of one chunk are summed straight into it, a group of features a task;
/// more chunks are summed apart, and then added in their order.
void Grower::fill(Node& node) {
  const Index count = node.end - node.begin, chunks = chunks_of(count);
  const bool identity = all_rows_ && node.index == 0;
  const auto view = [&](Index begin, Index end) {
    const std::uint32_t* rows = identity ? nullptr : rows_.data() + node.begin + begin;
    return RowsView{rows, begin, end - begin, entries_};
  };
  const auto n_groups = static_cast<Index>(groups_.size());
  clear_words(layout_.size(), coding_.whole(), node.histogram.data());
  if (chunks <= 1) {
    const double work = static_cast<double>(count * sample_.bins.features);
    parallel::for_each(n_groups, work, [&](Index g) {
      add_rows(sample_, groups_[static_cast<std::size_t>(g)], chosen_, view(0, count), coding_,
               layout_, node.histogram.data());
    });
    return;
  }
  std::vector<std::vector<Word>> parts;
  for (int slot = 0; slot < parallel::team(chunks); ++slot) parts.push_back(buffer());
  parallel::ordered(
      chunks,
      [&](Index c, int slot) {
        Word* part = parts[static_cast<std::size_t>(slot)].data();
        clear_words(layout_.size(), coding_.whole(), part);
        const RowsView rows = view(c * chunk_rows, std::min(count, (c + 1) * chunk_rows));
        for (const FeatureGroup& group : groups_) {
          add_rows(sample_, group, chosen_, rows, coding_, layout_, part);
        }
      },
      [&](Index, int slot) {
        add_words(parts[static_cast<std::size_t>(slot)].data(), layout_.size(), coding_.whole(),
                  node.histogram.data());
      });
  for (auto& part : parts) spare_.push_back(std::move(part));
}

/// Turns the parent's histogram into that of its other child.
void Grower::subtract(const Node& smaller, std::vector<Word>& parent) const {
  subtract_words(smaller.histogram.data(), layout_.size(), coding_.whole(), parent.data());
}

/// Looks for the splits of nodes that have their histograms; each feature of each node is one task.
void Grower::search(Node* nodes, Index count) {
  const auto n_features = static_cast<Index>(features_->size());
  std::vector<Split> found(static_cast<std::size_t>(count * n_features));
  const double work = 2000.0 * static_cast<double>(count * n_features);
  parallel::for_each(count * n_features, work, [&](Index task) {
    const Node& node = nodes[task / n_features];
    if (!may_split(node)) return;
    const Index f = (*features_)[static_cast<std::size_t>(task % n_features)];
    Split& split = found[static_cast<std::size_t>(task)];
    split = best_split(problem_of(node), node.histogram.data() + layout_.start(f),
                       layout_.codes(f) - 1, sample_.bins.categorical[f] != 0, sign(f));
    split.feature = f;
  });
  for (std::size_t task = 0; task < found.size(); ++task) {
    Split& best = nodes[static_cast<Index>(task) / n_features].split;
    if (found[task].beats(best)) best = found[task];
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
  for (Index k = 0; k < coding_.outputs(); ++k) {
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

/// Moves the rows of the left child to the front. Returns their number. Each chunk does so for
/// itself, both sides in their order; then the chunks are put together.
Index Grower::partition(const Node& node) {
  const Index f = node.split.feature, count = node.end - node.begin, chunks = chunks_of(count);
  const std::uint8_t* codes = sample_.codes + f * sample_.rows;
  const auto goes = left_codes(tree_, node.index, sample_.bins.missing_code(f));
  std::uint32_t* const rows = rows_.data() + node.begin;
  std::vector<Index> lefts(static_cast<std::size_t>(chunks));
  const auto sort = [&](Index c, int slot) {
    const Index begin = c * chunk_rows, end = std::min(count, begin + chunk_rows);
    std::uint32_t* const others = right_rows_[static_cast<std::size_t>(slot)].data();
    std::uint32_t *left = rows + begin, *right = others;
    for (Index i = begin; i < end; ++i) {  // no branch: both places are written
      const std::uint32_t row = rows[i];
      const Index go_left = goes[codes[row]];
      *left = row;
      *right = row;
      left += go_left;
      right += 1 - go_left;
    }
    std::copy(others, right, left);
    lefts[static_cast<std::size_t>(c)] = left - (rows + begin);
  };
  parallel::ordered(chunks, sort, [](Index, int) {});
  const Index left = std::accumulate(lefts.begin(), lefts.end(), Index{0});
  if (chunks > 1) gather(rows, count, lefts, left);
  return left;
}

/// Exchanges the rows in front that go right with those behind that go left. Within a chunk they
/// stay in their order, which is all that reading them in sequence needs.
void Grower::gather(std::uint32_t* rows, Index count, const std::vector<Index>& lefts,
                    Index left) const {
  Index chunk = 0, hole = lefts[0];  // the next place in front that holds a row that goes right
  for (Index from = left / chunk_rows; from < chunks_of(count); ++from) {
    Index place = std::max(left, from * chunk_rows);
    const Index end = from * chunk_rows + lefts[static_cast<std::size_t>(from)];
    while (place < end) {
      const Index holes_end = std::min({(chunk + 1) * chunk_rows, count, left});
      if (hole >= holes_end) {
        ++chunk;
        hole = chunk * chunk_rows + lefts[static_cast<std::size_t>(chunk)];
        continue;
      }
      const Index size = std::min(end - place, holes_end - hole);
      std::swap_ranges(rows + hole, rows + hole + size, rows + place);
      hole += size;
      place += size;
    }
  }
}

void Grower::make_children(const Node& node, Node* children) const {
  const Index f = node.split.feature;
  std::vector<double> left = totals_of_left(
      coding_, node.split, node.histogram.data() + layout_.start(f), layout_.codes(f) - 1);
  std::vector<double> right = node.totals;
  for (std::size_t k = 0; k < right.size(); ++k) right[k] -= left[k];
  const Index first = tree_.size();
  children[0] = {first, 0, 0, node.depth + 1, node.bounds, std::move(left), {}, {}};
  children[1] = {first + 1, 0, 0, node.depth + 1, node.bounds, std::move(right), {}, {}};
  const int direction = sign(f);
  if (direction == 0) return;
  double half = 0.0;  // what lies below stays on its side of the middle
  for (int side = 0; side < 2; ++side) {
    const std::vector<double>& totals = children[side].totals;
    half += 0.5 * node.bounds.clip(totals[1] / (totals[0] + options_.l2));
  }
  (direction > 0 ? children[0] : children[1]).bounds.upper = half;
  (direction > 0 ? children[1] : children[0]).bounds.lower = half;
}

void Grower::split_node(Node node, std::vector<Node>& open) {
  Node children[2];
  make_children(node, children);
  write_split(node, children[0].index);
  for (const Node& child : children) add_node(child);
  if (!may_split(children[0]) && !may_split(children[1])) {
    close(node);  // both are leaves: their rows need no sorting
    return;
  }
  const Index middle = node.begin + partition(node);
  children[0].begin = node.begin;
  children[0].end = children[1].begin = middle;
  children[1].end = node.end;
  const bool left_smaller = middle - node.begin <= node.end - middle;
  Node& smaller = children[left_smaller ? 0 : 1];
  smaller.histogram = buffer();
  fill(smaller);
  subtract(smaller, node.histogram);
  children[left_smaller ? 1 : 0].histogram = std::move(node.histogram);
  search(children, 2);
  for (Node* child : {&children[1], &children[0]}) {  // the left one is taken first
    if (child->split.found()) {
      open.push_back(std::move(*child));
    } else {
      close(*child);
    }
  }
}

/// Rows of this node are not looked at again before they get their values.
void Grower::close(Node& node) {
  done_.push_back({node.index, node.begin, node.end});
  if (!node.histogram.empty()) spare_.push_back(std::move(node.histogram));
}

/// What value(node, k) says of the leaf of every row of the sample: `outputs` columns.
template <class T, class Value>
void Grower::write(T* out, Index outputs, Value value) const {
  // Rows that stay outside of the tree go down a small one faster than the others are looked up.
  const bool together = !all_rows_ && tree_.size() <= small_tree;
  if (!together) write_listed(out, outputs, value);
  if (all_rows_) return;
  std::vector<std::uint8_t> known(together ? 0 : static_cast<std::size_t>(sample_.rows), 0);
  if (!together) {
    for (const std::uint32_t i : rows_) known[i] = 1;
  }
  const Index blocks = (sample_.rows + block_rows - 1) / block_rows;
  parallel::for_each(blocks, 5.0 * static_cast<double>(sample_.rows), [&](Index b) {
    const Index begin = b * block_rows, count = std::min(block_rows, sample_.rows - begin);
    Index leaves[block_rows];
    leaves_of(tree_, sample_, begin, count, leaves);
    for (Index k = 0; k < outputs; ++k) {
      T* const column = out + k * targets_.stride + begin;
      for (Index i = 0; i < count; ++i) {
        if (together || known[static_cast<std::size_t>(begin + i)] == 0) {
          column[i] = value(leaves[i], k);
        }
      }
    }
  });
}

/// The same for the rows that the tree was grown on: they lie sorted by leaf, or by the parent of
/// two leaves.
template <class T, class Value>
void Grower::write_listed(T* out, Index outputs, Value value) const {
  for (const Done& part : done_) {
    const auto n = static_cast<std::size_t>(part.index);
    const Index f = std::max<std::int32_t>(tree_.feature[n], 0);
    std::array<std::uint8_t, 256> goes{};
    if (tree_.feature[n] >= 0) {
      goes = left_codes(tree_, part.index, sample_.bins.missing_code(f));
    }
    const std::uint8_t* codes = sample_.codes + f * sample_.rows;
    const Index right = tree_.feature[n] < 0 ? part.index : tree_.left[n] + 1;
    const Index count = part.end - part.begin;
    for (Index k = 0; k < outputs; ++k) {
      T values[256];
      for (Index code = 0; code < 256; ++code) {
        values[code] = value(right - goes[static_cast<std::size_t>(code)], k);
      }
      T* const column = out + k * targets_.stride;
      parallel::for_each(chunks_of(count), static_cast<double>(count), [&](Index c) {
        const std::uint32_t* rows = rows_.data() + part.begin;
        const Index end = std::min(count, (c + 1) * chunk_rows);
        for (Index i = c * chunk_rows; i < end; ++i) column[rows[i]] = values[codes[rows[i]]];
      });
    }
  }
}

Tree Grower::grow(const Targets& targets, const std::vector<std::uint32_t>* rows,
                  const std::vector<std::int32_t>& features, bool signs, double* fitted,
                  std::uint8_t* nodes) {
  features_ = &features;
  signs_ = signs;
  start(targets, rows, fitted);
  Node root{0, 0, static_cast<Index>(rows_.size()), 0, {}, totals_of_root(), {}, {}};
  add_node(root);
  if (may_split(root) && options_.max_leaf_nodes != 1) {
    root.histogram = buffer();
    fill(root);
    search(&root, 1);
  }
  std::vector<Node> open;
  if (root.split.found()) {
    open.push_back(std::move(root));
  } else {
    close(root);
  }
  while (!open.empty()) {
    auto next = open.end() - 1;  // depth first: few histograms are alive
    if (options_.max_leaf_nodes > 0) {
      if ((tree_.size() + 1) / 2 >= options_.max_leaf_nodes) break;
      next = std::max_element(open.begin(), open.end(), [](const Node& a, const Node& b) {
        return a.split.gain < b.split.gain;
      });
    }
    Node node = std::move(*next);
    open.erase(next);
    split_node(std::move(node), open);
    interrupt::poll();
  }
  for (Node& node : open) close(node);
  if (nodes != nullptr) {
    write(nodes, 1, [](Index node, Index) { return static_cast<std::uint8_t>(node); });
  } else {
    const double* values = tree_.value.data();
    const Index outputs = coding_.outputs();
    write(fitted, outputs, [=](Index node, Index k) { return values[node * outputs + k]; });
  }
  return std::move(tree_);
}

namespace {

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

}  // namespace

void leaves_of(const Tree& tree, const Sample& sample, Index begin, Index count, Index* leaves) {
  if (tree.size() > small_tree) {
    for (Index i = 0; i < count; ++i) leaves[i] = leaf_of(tree, sample, begin + i);
    return;
  }
  std::vector<std::uint8_t> at(static_cast<std::size_t>(count), 0);
  for (Index node = 0; node < tree.size(); ++node) {  // parents come before their children
    const auto n = static_cast<std::size_t>(node);
    if (tree.feature[n] < 0) continue;
    const std::uint8_t* code = sample.codes + tree.feature[n] * sample.rows + begin;
    const Index right = tree.left[n] + 1;
    if (tree.level_set[n] >= 0) {
      const LevelSet& set = tree.level_sets[static_cast<std::size_t>(tree.level_set[n])];
      move_rows(code, count, node, right, set.data(), at.data());
    } else {
      const int missing = sample.bins.missing_code(tree.feature[n]);
      const ByteSplit split(tree.code[n], tree.missing_left[n] != 0 ? missing : -1);
      move_rows(code, count, node, right, split, at.data());
    }
  }
  std::copy(at.begin(), at.end(), leaves);
}

}  // namespace optlite::trees
