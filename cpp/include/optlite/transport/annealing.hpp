// Regularizations that fall to the one asked for, and where to start at each.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "optlite/core/types.hpp"

namespace optlite::transport {

class Annealing {
 public:
  /// From a tenth of `scale` down to `reg`, by equal ratios of at most `ratio`; one stage if the
  /// ratio is 1, or `reg` a hundredth of the scale or more, which is easy enough to begin with.
  Annealing(double scale, double reg, double ratio)
      : first_(0.1 * std::min(scale, std::numeric_limits<double>::max())), reg_(reg) {
    if (!(ratio > 1.0) || !(10.0 * reg < first_)) return;
    const double range = std::log(first_) - std::log(reg);  // the quotient might overflow
    last_ = static_cast<Index>(std::ceil(range / std::log(ratio) - 1e-12));
  }

  double reg() const { return reg_at(stage_); }
  double last_reg() const { return reg_; }
  bool last() const { return stage_ == last_; }

  /// Goes to the next stage, from the potentials at this one. They are nearly linear in the
  /// regularization: two stages give a start for the next.
  Matrix next(const Matrix& potentials) {
    solved_.push_back({reg(), potentials});
    if (solved_.size() > 2) solved_.erase(solved_.begin());
    ++stage_;
    if (solved_.size() < 2) return potentials;
    const auto& [one, g_one] = solved_.front();
    const auto& [two, g_two] = solved_.back();
    return g_two + (reg() - two) / (two - one) * (g_two - g_one);
  }

 private:
  double reg_at(Index stage) const {
    if (stage == last_) return reg_;
    const double share = static_cast<double>(stage) / static_cast<double>(last_);
    return std::exp((1.0 - share) * std::log(first_) + share * std::log(reg_));
  }

  double first_;
  double reg_;
  Index stage_ = 0;
  Index last_ = 0;
  std::vector<std::pair<double, Matrix>> solved_;
};

}  // namespace optlite::transport
