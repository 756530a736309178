#include "optlite/trees/forest.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "optlite/core/interrupt.hpp"
#include "optlite/core/parallel.hpp"

namespace optlite::trees {

namespace {

// Rows that go through all trees together: their codes (512 bytes a feature) and the numbers they
// add to stay in the cache, and so does the tree.
constexpr Index block_rows = ShallowTrees::block_rows;
// Rows whose ways down a tree are followed at the same time: each step of one row waits for a load,
// eight rows wait together.
constexpr Index lanes = 8;

[[noreturn]] void damaged(const std::string& what) {
  throw std::invalid_argument("The trees of this model are damaged: " + what +
                              ". Load the model again from an intact file.");
}

void require(bool holds, const char* what) {
  if (!holds) damaged(what);
}

}  // namespace

Forest::Forest(const ForestView& arrays, const BinsView& bins)
    : arrays_(arrays), features_(bins.features) {
  require(arrays.outputs >= 1 && arrays.parameters >= arrays.outputs, "outputs is out of range");
  require(features_ >= 1 || arrays.trees() == 0, "there are no features");
  require(arrays.starts.size >= 1 && arrays.starts[0] == 0, "starts must begin with 0");
  const Index nodes = arrays.feature.size;
  require(arrays.left.size == nodes && arrays.level_set.size == nodes &&
              arrays.code.size == nodes && arrays.missing_left.size == nodes &&
              arrays.value.size == nodes * arrays.outputs,
          "the arrays of nodes differ in length");
  require(arrays.target.size == arrays.trees(), "target and starts differ in length");
  require(arrays.starts[arrays.starts.size - 1] == nodes, "starts must end with the nodes");
  require(arrays.level_sets.size % 4 == 0, "level_sets must come in fours");
  require(nodes < (Index{1} << 31), "there are too many nodes");
  nodes_.resize(static_cast<std::size_t>(nodes));
  for (Index t = 0; t < arrays.trees(); ++t) check_tree(t, bins);
}

void Forest::check_tree(Index t, const BinsView& bins) {
  const Index begin = arrays_.starts[t], end = arrays_.starts[t + 1];
  require(begin >= 0 && begin < end && end <= arrays_.feature.size, "starts must increase");
  require(arrays_.target[t] >= 0 && arrays_.target[t] + arrays_.outputs <= arrays_.parameters,
          "target is out of range");
  std::vector<Index> depth(static_cast<std::size_t>(end - begin), 0);
  Index deepest = 0;
  bool sets = false;
  for (Index n = begin; n < end; ++n) {
    Node& node = nodes_[static_cast<std::size_t>(n)];
    const Index here = depth[static_cast<std::size_t>(n - begin)];
    deepest = std::max(deepest, here);
    const Index feature = arrays_.feature[n], set = arrays_.level_set[n];
    if (feature == -1) {
      // Every code is <= 255: a row that has arrived stays.
      node = {0, static_cast<std::int32_t>(n), -1, -1, 255, 0};
      continue;
    }
    require(feature >= 0 && feature < features_, "a feature is out of range");
    // Children after their parent: no walk is endless. Both lie in the same tree.
    const Index left = begin + arrays_.left[n];
    require(left > n && left + 1 < end, "a child is out of range");
    require(set >= -1 && set < arrays_.level_sets.size / 4, "a set of levels is out of range");
    for (const Index child : {left - begin, left + 1 - begin}) {
      Index& deep = depth[static_cast<std::size_t>(child)];
      deep = std::max(deep, here + 1);  // in a damaged file it may have two parents
    }
    const int missing = arrays_.missing_left[n] != 0 ? bins.missing_code(feature) : -1;
    node = {static_cast<std::int32_t>(feature),
            static_cast<std::int32_t>(left),
            static_cast<std::int32_t>(set),
            static_cast<std::int16_t>(missing),
            arrays_.code[n],
            0};
    sets = sets || set >= 0;
  }
  depth_.push_back(deepest);
  has_sets_.push_back(sets ? 1 : 0);
}

std::vector<std::uint8_t> Forest::needed_features(Index first, Index last) const {
  std::vector<std::uint8_t> needed(static_cast<std::size_t>(features_), 0);
  for (Index n = arrays_.starts[first]; n < arrays_.starts[last]; ++n) {
    if (arrays_.feature[n] >= 0) needed[static_cast<std::size_t>(arrays_.feature[n])] = 1;
  }
  return needed;
}

/// visit(row, node) for rows [begin, end) and the leaf of `tree` that each ends in.
template <class Visit>
void Forest::each_row(const std::uint8_t* codes, Index rows, Index begin, Index end, Index tree,
                      Visit visit) const {
  const Node* nodes = nodes_.data();
  const auto root = static_cast<std::int32_t>(arrays_.starts[tree]);
  const Index depth = depth_[static_cast<std::size_t>(tree)];
  const bool sets = has_sets_[static_cast<std::size_t>(tree)] != 0;
  for (Index first = begin; first < end; first += lanes) {
    const Index count = std::min(lanes, end - first);
    std::int32_t at[lanes];
    for (Index r = 0; r < lanes; ++r) at[r] = root;
    for (Index step = 0; step < depth; ++step) {
      for (Index r = 0; r < count; ++r) {
        const Node& node = nodes[at[r]];
        const int code = codes[node.feature * rows + first + r];
        bool left = code <= node.code || code == node.missing;
        if (sets && node.level_set >= 0) {
          const Index word = 4 * static_cast<Index>(node.level_set) + (code >> 6);
          left = (arrays_.level_sets[word] >> (code & 63)) & 1;
        }
        at[r] = node.left + (left ? 0 : 1);
      }
    }
    for (Index r = 0; r < count; ++r) visit(first + r, static_cast<Index>(at[r]));
  }
}

bool Forest::is_small(Index tree) const {
  return arrays_.starts[tree + 1] - arrays_.starts[tree] <= small_tree;
}

/// Whether a complete tree of three levels holds it.
bool Forest::is_shallow(Index tree) const {
  const auto t = static_cast<std::size_t>(tree);
  return depth_[t] <= 3 && has_sets_[t] == 0;
}

/// Fills up a shallow tree: a leaf above the last level becomes a split that sends all rows left.
void Forest::push(Index tree, ShallowTrees& to) const {
  constexpr std::size_t inner = CompleteTree::nodes, leaves = CompleteTree::leaves;
  std::array<std::int32_t, inner + leaves> at;  // nodes of the forest
  at[0] = static_cast<std::int32_t>(arrays_.starts[tree]);
  CompleteTree complete;
  for (std::size_t n = 0; n < inner; ++n) {
    const Node& node = nodes_[static_cast<std::size_t>(at[n])];
    complete.feature[n] = node.feature;
    complete.split[n] = ByteSplit(node.code, node.missing);
    at[2 * n + 1] = node.left;
    at[2 * n + 2] = node.left == at[n] ? at[n] : node.left + 1;  // a leaf leads to itself
  }
  std::array<const double*, leaves> values;
  for (std::size_t n = 0; n < leaves; ++n) {
    values[n] = arrays_.value.data + Index{at[inner + n]} * arrays_.outputs;
  }
  to.push(complete, values);
}

/// at[i] = the node, counted from the root, that row begin + i ends in.
void Forest::place(const std::uint8_t* codes, Index rows, Index begin, Index count, Index tree,
                   std::uint8_t* at) const {
  const Index root = arrays_.starts[tree], end = arrays_.starts[tree + 1];
  std::fill(at, at + count, std::uint8_t{0});
  for (Index n = root; n < end; ++n) {  // parents come before their children
    if (arrays_.feature[n] < 0) continue;
    const Node& node = nodes_[static_cast<std::size_t>(n)];
    const std::uint8_t* code = codes + node.feature * rows + begin;
    const Index self = n - root, right = node.left + 1 - root;
    if (node.level_set >= 0) {
      move_rows(code, count, self, right, arrays_.level_sets.data + 4 * node.level_set, at);
    } else {
      move_rows(code, count, self, right, ByteSplit(node.code, node.missing), at);
    }
  }
}

/// Adds the values of several small trees, in their order, while the sum of a row is in a register.
template <int Trees>
void Forest::add_small(const std::uint8_t* codes, Index rows, Index begin, Index end,
                       const Index* trees, double* out) const {
  std::uint8_t at[Trees][block_rows];
  double values[Trees][small_tree + 1];
  const Index outputs = arrays_.outputs, count = end - begin;
  for (int t = 0; t < Trees; ++t) place(codes, rows, begin, count, trees[t], at[t]);
  for (Index k = 0; k < outputs; ++k) {
    for (int t = 0; t < Trees; ++t) {
      const Index root = arrays_.starts[trees[t]], size = arrays_.starts[trees[t] + 1] - root;
      const double* from = arrays_.value.data + root * outputs + k;
      for (Index n = 0; n < size; ++n) values[t][n] = from[n * outputs];
    }
    double* to = out + k * rows + begin;
    for (Index i = 0; i < count; ++i) {
      double sum = to[i];
      for (int t = 0; t < Trees; ++t) sum += values[t][at[t][i]];
      to[i] = sum;
    }
  }
}

/// Adds trees that have the same target to some rows; `shallow` has those that are, in their order.
void Forest::add_block(const std::uint8_t* codes, Index rows, Index begin, Index end,
                       const std::vector<Index>& trees, const ShallowTrees& shallow,
                       double* out) const {
  constexpr Index together = 8;
  Index added = 0;  // shallow trees
  const auto count = static_cast<Index>(trees.size());
  const double* value = arrays_.value.data;
  const Index outputs = arrays_.outputs;
  for (Index i = 0; i < count;) {
    const Index* next = trees.data() + i;
    Index run = 0;
    while (i + run < count && is_shallow(next[run])) ++run;
    if (run > 0) {
      shallow.add(codes, rows, begin, end, added, added + run, out);
      added += run;
      i += run;
      continue;
    }
    Index small = 0;
    while (small < together && i + small < count && is_small(next[small]) &&
           !is_shallow(next[small])) {
      ++small;
    }
    if (small == together) {
      add_small<together>(codes, rows, begin, end, next, out);
    } else if (small > 0) {
      small = 1;
      add_small<1>(codes, rows, begin, end, next, out);
    } else {
      small = 1;
      each_row(codes, rows, begin, end, *next, [=](Index row, Index leaf) {
        for (Index k = 0; k < outputs; ++k) out[k * rows + row] += value[leaf * outputs + k];
      });
    }
    i += small;
  }
}

void Forest::add(const std::uint8_t* codes, Index rows, Index first, Index last,
                 double* raw) const {
  const Index blocks = (rows + block_rows - 1) / block_rows;
  const double work = static_cast<double>(rows) * static_cast<double>(last - first) * 4.0;
  std::vector<std::vector<Index>> trees(static_cast<std::size_t>(arrays_.parameters));
  std::vector<ShallowTrees> shallow(trees.size(), ShallowTrees(arrays_.outputs));
  for (Index t = first; t < last; ++t) {
    const auto target = static_cast<std::size_t>(arrays_.target[t]);
    trees[target].push_back(t);
    if (is_shallow(t)) push(t, shallow[target]);
  }
  // A forest of a thousand trees takes milliseconds a block: Ctrl-C is heard between groups.
  const Index group = 64;
  for (Index start = 0; start < blocks; start += group) {
    const Index count = std::min(group, blocks - start);
    parallel::for_each(count, work, [&](Index b) {
      const Index begin = (start + b) * block_rows;
      const Index end = std::min(rows, begin + block_rows);
      for (std::size_t k = 0; k < trees.size(); ++k) {
        double* const out = raw + static_cast<Index>(k) * rows;
        add_block(codes, rows, begin, end, trees[k], shallow[k], out);
      }
    });
    interrupt::poll();
  }
}

void Forest::apply(const std::uint8_t* codes, Index rows, Index first, Index last,
                   std::int32_t* leaves) const {
  const Index columns = last - first;
  for (Index t = first; t < last; ++t) {
    const auto root = static_cast<std::int32_t>(arrays_.starts[t]);
    each_row(codes, rows, 0, rows, t, [=](Index row, Index leaf) {
      leaves[row * columns + t - first] = static_cast<std::int32_t>(leaf) - root;
    });
    interrupt::poll();
  }
}

}  // namespace optlite::trees
