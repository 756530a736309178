#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "optlite/bcd/forest.hpp"

namespace optlite::bcd {

namespace {

template <class Body>
void each_neighbour(const SparseColumns& H, Index node, Body&& body) {
  for (Index k = H.starts[node]; k < H.starts[node + 1]; ++k) {
    if (H.indices[k] != node) body(static_cast<Index>(H.indices[k]), H.values[k]);
  }
}

}  // namespace

Forest::Forest(const SparseColumns& H) : H_(H), parent_(static_cast<std::size_t>(H.cols()), -1) {}

void Forest::clear() { std::fill(parent_.begin(), parent_.end(), -1); }

/// Halves the path on the way.
Index Forest::root(Index node) {
  const auto parent = [this](Index i) -> Index& { return parent_[static_cast<std::size_t>(i)]; };
  while (parent(node) != node) node = parent(node) = parent(parent(node));
  return node;
}

bool Forest::add(Index node) {
  roots_.clear();
  each_neighbour(H_, node, [&](Index other, double) {
    if (parent_[static_cast<std::size_t>(other)] >= 0) roots_.push_back(root(other));
  });
  std::sort(roots_.begin(), roots_.end());
  if (std::adjacent_find(roots_.begin(), roots_.end()) != roots_.end()) return false;
  parent_[static_cast<std::size_t>(node)] = node;
  for (const Index other : roots_) parent_[static_cast<std::size_t>(other)] = node;
  return true;
}

void Forest::choose(const Vector& keys, Index size, Block& block) {
  order_.resize(static_cast<std::size_t>(keys.size()));
  std::iota(order_.begin(), order_.end(), Index{0});
  std::stable_sort(order_.begin(), order_.end(),
                   [&](Index i, Index j) { return keys[i] > keys[j]; });
  clear();
  block.clear();
  for (const Index node : order_) {
    if (static_cast<Index>(block.size()) == size) break;
    if (add(node)) block.push_back(node);
  }
  std::sort(block.begin(), block.end());
}

MessagePassing::MessagePassing(const SparseColumns& H)
    : H_(H), place_(static_cast<std::size_t>(H.cols()), -1) {}

/// Breadth first from a root of each tree. False if a node is met a second time.
bool MessagePassing::walk(const Block& block) {
  const std::size_t size = block.size();
  constexpr Index unseen = -2;
  parent_.assign(size, unseen);
  edge_.resize(static_cast<Index>(size));
  order_.clear();
  bool tree = true;
  for (std::size_t start = 0; start < size; ++start) {
    if (parent_[start] != unseen) continue;
    parent_[start] = -1;
    order_.push_back(static_cast<Index>(start));
    for (std::size_t next = order_.size() - 1; next < order_.size(); ++next) {
      const Index at = order_[next];
      each_neighbour(H_, block[static_cast<std::size_t>(at)], [&](Index other, double value) {
        const Index child = place_[static_cast<std::size_t>(other)];
        if (child < 0 || child == parent_[static_cast<std::size_t>(at)]) return;
        if (parent_[static_cast<std::size_t>(child)] != unseen) {
          tree = false;
          return;
        }
        parent_[static_cast<std::size_t>(child)] = at;
        edge_[child] = value;
        order_.push_back(child);
      });
    }
  }
  return tree;
}

bool MessagePassing::solve(const Block& block, Vector& r) {
  pivot_.resize(r.size());
  for (Index k = 0; k < r.size(); ++k) {
    const Index node = block[static_cast<std::size_t>(k)];
    place_[static_cast<std::size_t>(node)] = k;
    pivot_[k] = 0.0;
    for (Index e = H_.starts[node]; e < H_.starts[node + 1]; ++e) {
      if (H_.indices[e] == node) pivot_[k] = H_.values[e];
    }
  }
  rounding_ = 8.0 * epsilon * static_cast<double>(r.size()) * pivot_;  // each beside its own number
  const bool tree = walk(block);
  for (const Index node : block) place_[static_cast<std::size_t>(node)] = -1;
  if (!tree) return false;
  for (auto k = order_.rbegin(); k != order_.rend(); ++k) {  // children before their parents
    if (!(pivot_[*k] > rounding_[*k])) {
      throw std::invalid_argument("H must be positive definite on a block, got the pivot " +
                                  shown(pivot_[*k]) +
                                  ". Use update=\"matrix\", which solves singular blocks, too.");
    }
    const Index parent = parent_[static_cast<std::size_t>(*k)];
    if (parent < 0) continue;
    const double share = edge_[*k] / pivot_[*k];
    pivot_[parent] -= share * edge_[*k];
    r[parent] -= share * r[*k];
  }
  for (const Index k : order_) {
    const Index parent = parent_[static_cast<std::size_t>(k)];
    r[k] = (parent < 0 ? r[k] : r[k] - edge_[k] * r[parent]) / pivot_[k];
  }
  return true;
}

}  // namespace optlite::bcd
