#include "optlite/bcd/blocks.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "optlite/bcd/state.hpp"
#include "optlite/core/interrupt.hpp"
#include "optlite/linalg/small_matrices.hpp"

namespace optlite::bcd {

Blocks::Blocks(const Curvature& H, Index size, std::vector<Index> members,
               std::vector<Index> starts, bool forest)
    : H_(H), size_(size), members_(std::move(members)), starts_(std::move(starts)) {
  if (forest) forest_ = std::make_unique<Forest>(*H.columns());
  if (!fixed()) return;
  block_of_.resize(members_.size());
  for (Index k = 0; k < count(); ++k) {
    for (const Index* i = begin(k); i != end(k); ++i) {
      block_of_[static_cast<std::size_t>(*i)] = k;
    }
  }
  single_ = count() == static_cast<Index>(members_.size());
  in_order_ = std::is_sorted(members_.begin(), members_.end());
}

const Vector& Blocks::lipschitz() {
  if (lipschitz_.size() > 0) return lipschitz_;
  Vector largest(count());
  Block block;
  Matrix H;
  for (Index k = 0; k < count(); ++k) {
    interrupt::poll();
    copy(k, block);
    H_.entries(block, H);
    largest[k] = std::max(symmetric_eigenvalues(H)[H.rows() - 1], 0.0);
  }
  lipschitz_ = largest;  // whole, or not at all if Ctrl-C was pressed
  constexpr double smallest = std::numeric_limits<double>::min();  // whose inverse is finite
  inverse_lipschitz_ =
      (largest.array() > 0.0).select(largest.cwiseMax(smallest).cwiseInverse(), 0.0);
  return lipschitz_;
}

const Vector& Blocks::inverse_lipschitz() {
  lipschitz();
  return inverse_lipschitz_;
}

const BlockSolver& Blocks::solver(Index k) {
  if (solvers_.empty()) {
    std::vector<BlockSolver> all;
    all.reserve(static_cast<std::size_t>(count()));
    Block block;
    Matrix H;
    for (Index other = 0; other < count(); ++other) {
      interrupt::poll();
      copy(other, block);
      H_.entries(block, H);
      all.emplace_back(H);
      all.back().take_root();
    }
    solvers_ = std::move(all);
  }
  return solvers_[static_cast<std::size_t>(k)];
}

void Blocks::sum(const Vector& keys, Vector& sums) const {
  sums.resize(count());
  if (single_ && in_order_) {
    sums = keys;
    return;
  }
  if (single_) {
    for (Index k = 0; k < count(); ++k) sums[k] = keys[members_[static_cast<std::size_t>(k)]];
    return;
  }
  for (Index k = 0; k < count(); ++k) {
    double sum = 0.0;
    if (in_order_) {
      sum = keys.segment(start(k), start(k + 1) - start(k)).sum();
    } else {
      for (const Index* i = begin(k); i != end(k); ++i) sum += keys[*i];
    }
    sums[k] = sum;
  }
}

void Blocks::choose(const Vector& keys, Block& block) {
  if (forest()) {
    forest_->choose(keys, size_, block);
    return;
  }
  if (size_ <= 32) {
    choose_few(keys, block);
    return;
  }
  block.clear();
  top_.assign(keys.data(), keys.data() + keys.size());
  const auto last = top_.begin() + (size_ - 1);
  std::nth_element(top_.begin(), last, top_.end(), std::greater<double>());
  const double bound = *last;
  Index ties = size_ - (keys.array() > bound).count();
  for (Index i = 0; i < keys.size(); ++i) {
    if (keys[i] > bound || (keys[i] == bound && ties-- > 0)) block.push_back(i);
  }
  // NaN among the keys, which the run sees when it looks next: until then any block will do.
  for (Index i = 0; bound != bound && i < size_; ++i) block.push_back(i);
}

/// A short list, largest first, that most keys do not enter: eight at a time are passed over.
void Blocks::choose_few(const Vector& keys, Block& block) {
  const auto size = static_cast<std::size_t>(size_);
  const auto enter = [&](Index i) {
    if (top_.size() == size && !(keys[i] > top_.back())) return;
    std::size_t k = top_.size();
    if (k < size) {
      top_.push_back(0.0);
      block.push_back(0);
    } else {
      --k;
    }
    for (; k > 0 && keys[i] > top_[k - 1]; --k) {
      top_[k] = top_[k - 1];
      block[k] = block[k - 1];
    }
    top_[k] = keys[i];
    block[k] = i;
  };
  top_.clear();
  block.clear();
  Index i = 0;
  while (top_.size() < size) enter(i++);
  for (; i + 8 <= keys.size(); i += 8) {
    if (!(keys.segment<8>(i).maxCoeff() > top_.back())) continue;
    for (Index k = i; k < i + 8; ++k) enter(k);
  }
  for (; i < keys.size(); ++i) enter(i);
  std::sort(block.begin(), block.end());
}

State::State(Smooth& smooth, const Terms& terms, Blocks& all_blocks, std::uint64_t seed)
    : f(smooth), g(terms), blocks(all_blocks), random(seed) {
  everything.resize(static_cast<std::size_t>(f.x().size()));
  for (std::size_t i = 0; i < everything.size(); ++i) everything[i] = static_cast<Index>(i);
}

double State::take_largest(Block& block) {
  chosen = -1;
  blocks.choose(keys, block);
  double score = 0.0;
  for (const Index i : block) score += keys[i];
  return score;
}

/// Of equal scores the one of the first block; NaN anywhere leaves it at that, or at another.
double State::take_largest_score(Block& block) {
  const double best = scores_.maxCoeff();
  Index k = 0;
  while (k + 8 <= scores_.size() && (scores_.segment<8>(k).array() != best).all()) k += 8;
  while (k < scores_.size() && scores_[k] != best) ++k;
  take(k < scores_.size() ? k : 0, block);
  return best;
}

/// The best block of the partition, or the best coordinates, each left out for the next.
double State::take_winners(Block& block) {
  if (blocks.fixed()) {
    take(tournament_.best(), block);
    return tournament_.key(chosen);
  }
  chosen = -1;
  block.clear();
  keys.resize(blocks.size());
  for (Index k = 0; k < blocks.size(); ++k) {
    const Index best = tournament_.best();
    block.push_back(best);
    keys[k] = tournament_.key(best);
    tournament_.change(best, -infinity);
  }
  for (Index k = 0; k < blocks.size(); ++k) {
    tournament_.change(block[static_cast<std::size_t>(k)], keys[k]);
  }
  const double score = keys.sum();
  std::sort(block.begin(), block.end());
  return score;
}

}  // namespace optlite::bcd
