#include "optlite/trees/split.hpp"

#include <algorithm>
#include <vector>

namespace optlite::trees {

namespace {

// A sum of weights found by subtraction is wrong by rounding: below this share of the node's
// weight there is no row.
constexpr double nothing = 1e-11;

class Scan {
 public:
  Scan(const SplitProblem& node, const double* bins, Index n_values, int monotonic)
      : node_(node),
        bins_(bins),
        n_values_(n_values),
        monotonic_(monotonic),
        entry_(1 + node.outputs),
        left_(static_cast<std::size_t>(entry_)) {
    empty_ = nothing * node.totals[0];
    parent_ = 0.0;
    for (Index k = 1; k < entry_; ++k) {
      const double G = node.totals[k];
      parent_ += node.factors[k - 1] * (G * G / (node.totals[0] + node.l2));
    }
  }

  const double* bin(Index code) const { return bins_ + code * entry_; }
  bool present(Index code) const { return bin(code)[0] > empty_; }

  void clear() { std::fill(left_.begin(), left_.end(), 0.0); }
  void move_left(Index code) {
    for (Index k = 0; k < entry_; ++k) left_[static_cast<std::size_t>(k)] += bin(code)[k];
  }

  /// The worth of the split whose left side has been collected; negative if it is not allowed.
  double score() const {
    const double W = node_.totals[0];
    const double WL = left_[0];
    const double WR = W - WL;
    // Weights are sums in different orders: the last digits must not decide on a leaf's size.
    const double least = node_.min_leaf_weight * (1.0 - 1e-9);
    if (WL < least || WR < least || WL <= empty_ || WR <= empty_) return -1.0;
    if (monotonic_ != 0 && !ordered(WL, WR)) return -1.0;
    double sum = 0.0;
    for (Index k = 1; k < entry_; ++k) {
      const double GL = left_[static_cast<std::size_t>(k)];
      const double GR = node_.totals[k] - GL;
      sum += node_.factors[k - 1] * (GL * GL / (WL + node_.l2) + GR * GR / (WR + node_.l2));
    }
    // A gain that rounding can make is none.
    return sum > parent_ * (1.0 + 1e-10) ? sum : -1.0;
  }

  double gain(double score) const { return score - parent_; }
  bool left_is_heavier() const { return 2.0 * left_[0] > node_.totals[0]; }

  void numeric(Split& best);
  void categorical(Split& best);

 private:
  bool ordered(double WL, double WR) const {
    const double GL = left_[1];
    const double GR = node_.totals[1] - GL;
    const double left = node_.bounds.clip(GL / (WL + node_.l2));
    const double right = node_.bounds.clip(GR / (WR + node_.l2));
    return monotonic_ > 0 ? left <= right : left >= right;
  }
  void offer(Split& best, const Split& candidate) const {
    if (candidate.beats(best)) best = candidate;
  }
  void scan_thresholds(Split& best, bool missing_left);
  void scan_order(Split& best, const std::vector<Index>& order);

  const SplitProblem& node_;
  const double* bins_;
  Index n_values_;
  int monotonic_;
  Index entry_;
  double empty_, parent_;
  std::vector<double> left_;
};

void Scan::scan_thresholds(Split& best, bool missing_left) {
  clear();
  if (missing_left) move_left(n_values_);
  const bool missing = present(n_values_);
  // With missing values on the right, "all values left" is a split as well.
  const Index last = missing && !missing_left ? n_values_ : n_values_ - 1;
  for (Index code = 0; code < last; ++code) {
    move_left(code);
    if (!present(code)) continue;  // the same rows as one bin before
    Split split;
    split.score = score();
    if (!split.found()) continue;
    split.gain = gain(split.score);
    split.code = static_cast<int>(code);
    // Where training has shown no missing value, they follow the heavier side.
    split.missing_left = missing ? missing_left : left_is_heavier();
    offer(best, split);
  }
}

void Scan::numeric(Split& best) {
  scan_thresholds(best, false);
  if (present(n_values_)) scan_thresholds(best, true);
}

void Scan::scan_order(Split& best, const std::vector<Index>& order) {
  clear();
  LevelSet levels{};
  for (std::size_t i = 0; i + 1 < order.size(); ++i) {
    const Index code = order[i];
    move_left(code);
    levels[static_cast<std::size_t>(code >> 6)] |= std::uint64_t{1} << (code & 63);
    Split split;
    split.score = score();
    if (!split.found()) continue;
    split.gain = gain(split.score);
    split.categorical = true;
    split.levels = levels;
    split.missing_left = left_is_heavier();  // for codes that the node has not seen
    offer(best, split);
  }
}

/// For one output the best of all 2^levels partitions cuts the levels in the order of their means
/// (Fisher, On grouping for maximum homogeneity, 1958). With several outputs the order of each one
/// is tried.
void Scan::categorical(Split& best) {
  std::vector<Index> order;
  for (Index code = 0; code <= n_values_; ++code) {
    if (present(code)) order.push_back(code);
  }
  for (Index k = 1; k < entry_; ++k) {
    const auto mean = [&](Index code) { return bin(code)[k] / (bin(code)[0] + node_.l2); };
    std::vector<Index> sorted = order;
    std::stable_sort(sorted.begin(), sorted.end(),
                     [&](Index a, Index b) { return mean(a) < mean(b); });
    scan_order(best, sorted);
  }
  if (!best.categorical) return;
  for (Index code = 0; code <= n_values_; ++code) {
    if (!present(code) && best.missing_left) {
      best.levels[static_cast<std::size_t>(code >> 6)] |= std::uint64_t{1} << (code & 63);
    }
  }
}

}  // namespace

Split best_split(const SplitProblem& node, const double* bins, Index n_values, bool categorical,
                 int monotonic) {
  Split best;
  Scan scan(node, bins, n_values, monotonic);
  if (categorical) {
    scan.categorical(best);
  } else {
    scan.numeric(best);
  }
  return best;
}

}  // namespace optlite::trees
