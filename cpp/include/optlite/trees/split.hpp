// The best split of one node on one feature, found in its histogram.
//
// A split is worth the reduction of the weighted squared error of all outputs,
//   sum_k c_k [G_kL^2 / (W_L + l2) + G_kR^2 / (W_R + l2) - G_k^2 / (W + l2)],
// with W the sum of weights and G_k that of weighted targets. Splits whose worth agrees to ten
// digits are ties, and the first in the order of features and bins wins: rounding must not choose,
// or a row of weight 2 and two rows would give different trees.
#pragma once

#include <limits>

#include "optlite/trees/histogram.hpp"
#include "optlite/trees/tree.hpp"

namespace optlite::trees {

/// Bounds on the first output in a node, which monotone features above it have set.
struct Bounds {
  double lower = -std::numeric_limits<double>::infinity();
  double upper = std::numeric_limits<double>::infinity();

  double clip(double value) const { return value < lower ? lower : value > upper ? upper : value; }
};

struct SplitProblem {
  const Coding* coding = nullptr;
  const double* totals = nullptr;   // sum of weights, sums of weighted targets
  const double* factors = nullptr;  // c_k
  double l2 = 0.0;
  double min_leaf_weight = 1.0;
  Bounds bounds;
};

struct Split {
  double score = -1.0;  // without the last term; < 0: there is no split
  double gain = 0.0;
  Index feature = -1;
  int code = 0;
  bool missing_left = false;
  bool categorical = false;
  LevelSet levels{};

  bool found() const { return score >= 0.0; }
  /// Whether this is better than `other` by more than rounding.
  bool beats(const Split& other) const {
    return found() && (!other.found() || score > other.score * (1.0 + 1e-10));
  }
};

/// `bins` are those of the feature: `n_values` of values, then the missing one. `monotonic` is the
/// sign that the feature asks for, 0 for none.
Split best_split(const SplitProblem& node, const Word* bins, Index n_values, bool categorical,
                 int monotonic);

/// The sums (weight, targets) of what the split sends to the left.
std::vector<double> totals_of_left(const Coding& coding, const Split& split, const Word* bins,
                                   Index n_values);

}  // namespace optlite::trees
