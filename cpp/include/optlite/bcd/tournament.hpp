// The largest of many keys, of which few change at a time.
#pragma once

#include <vector>

#include "optlite/core/types.hpp"

namespace optlite::bcd {

/// A binary tree whose inner nodes hold the winner of the two below: a change costs its path to the
/// root. Of equal keys the one with the lower index wins.
class Tournament {
 public:
  Index size() const { return size_; }

  template <class Key>
  void fill(Index size, Key key) {
    size_ = size;
    leaves_ = 1;
    while (leaves_ < size) leaves_ *= 2;
    keys_.assign(static_cast<std::size_t>(leaves_), -infinity);
    winner_.resize(static_cast<std::size_t>(leaves_));
    for (Index i = 0; i < size; ++i) at(i) = key(i);
    for (Index node = leaves_ - 1; node > 0; --node) play(node);
  }

  void change(Index i, double key) {
    at(i) = key;
    for (Index node = (leaves_ + i) / 2; node > 0; node /= 2) play(node);
  }

  Index best() const { return leaves_ == 1 ? 0 : winner_[1]; }
  double key(Index i) const { return keys_[static_cast<std::size_t>(i)]; }

 private:
  double& at(Index i) { return keys_[static_cast<std::size_t>(i)]; }
  Index below(Index node) const {
    return node >= leaves_ ? node - leaves_ : winner_[static_cast<std::size_t>(node)];
  }
  void play(Index node) {
    const Index left = below(2 * node);
    const Index right = below(2 * node + 1);
    winner_[static_cast<std::size_t>(node)] = at(right) > at(left) ? right : left;
  }

  Index size_ = 0;
  Index leaves_ = 1;
  std::vector<double> keys_;
  std::vector<Index> winner_;
};

}  // namespace optlite::bcd
