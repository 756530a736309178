#include "optlite/bcd/blocks.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <functional>
#include <utility>

#include "optlite/core/interrupt.hpp"

namespace optlite::bcd {

Blocks::Blocks(const Curvature& H, Index size, std::vector<Index> members,
               std::vector<Index> starts)
    : H_(H), size_(size), members_(std::move(members)), starts_(std::move(starts)) {}

void Blocks::copy(Index k, Block& block) const { block.assign(begin(k), end(k)); }

const Vector& Blocks::lipschitz() {
  if (lipschitz_.size() > 0) return lipschitz_;
  lipschitz_.resize(count());
  Block block;
  Matrix H;
  for (Index k = 0; k < count(); ++k) {
    interrupt::poll();
    copy(k, block);
    H_.entries(block, H);
    const Eigen::SelfAdjointEigenSolver<Matrix> eigen(H, Eigen::EigenvaluesOnly);
    const double largest_value = eigen.eigenvalues()[H.rows() - 1];
    lipschitz_[k] = largest_value > 0.0 ? largest_value : 1.0;  // f is constant along the block
  }
  return lipschitz_;
}

const BlockSolver& Blocks::solver(Index k) {
  if (solvers_.empty()) {
    Block block;
    Matrix H;
    for (Index other = 0; other < count(); ++other) {
      interrupt::poll();
      copy(other, block);
      H_.entries(block, H);
      solvers_.emplace_back(H);
    }
  }
  return solvers_[static_cast<std::size_t>(k)];
}

void Blocks::choose(const Vector& keys, Block& block) {
  block.clear();
  const auto size = static_cast<std::size_t>(size_);
  if (size_ > 32) {
    top_.assign(keys.data(), keys.data() + keys.size());
    const auto last = top_.begin() + (size_ - 1);
    std::nth_element(top_.begin(), last, top_.end(), std::greater<double>());
    const double bound = *last;
    Index ties = size_ - (keys.array() > bound).count();
    for (Index i = 0; i < keys.size(); ++i) {
      if (keys[i] > bound || (keys[i] == bound && ties-- > 0)) block.push_back(i);
    }
    return;
  }
  // A short list, largest first, that most keys do not enter.
  top_.clear();
  for (Index i = 0; i < keys.size(); ++i) {
    if (top_.size() == size && !(keys[i] > top_.back())) continue;
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
  }
  std::sort(block.begin(), block.end());
}

}  // namespace optlite::bcd
