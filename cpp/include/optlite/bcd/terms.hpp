// The part g of F = f + g that has kinks and bounds, one coordinate or one group at a time.
#pragma once

#include "optlite/bcd/curvature.hpp"

namespace optlite::bcd {

/// sum_i l1_i |x_i| where lower <= x <= upper, or sum_G weight_G |x_G| over disjoint groups.
class Terms {
 public:
  Terms() = default;  // none: F = f
  /// 0 must not be outside of the bounds of a variable with l1 > 0 by more than one side.
  Terms(Vector l1, Vector lower, Vector upper);
  /// group_of[i] is the group of variable i.
  Terms(std::vector<Index> group_of, Vector weights);

  bool none() const { return l1_.size() == 0 && weights_.size() == 0; }
  bool grouped() const { return weights_.size() > 0; }

  /// Of a block, which holds whole groups.
  double value(const Block& block, const Vector& x) const;
  /// v <- argmin_u  g(u) + |u - v|^2 / (2 step).
  void prox(const Block& block, double step, Vector& v) const;
  /// s: the shortest of g + the subdifferential at x, zero where F is least.
  void least_subgradient(const Block& block, const Vector& x, const Vector& gradient,
                         Vector& s) const;

  /// Whether x_i is at a kink or at a bound, where it may stay though the gradient is not zero.
  bool at_kink(Index i, double x) const;

  /// x_i within the bounds, and on the one that it lies beside by rounding only.
  double settled(Index i, double x) const;

  /// Without groups: the same for one variable.
  double value(Index i, double x) const { return l1_[i] * (x < 0.0 ? -x : x); }
  /// Its derivative at x, which is not zero.
  double slope(Index i, double x) const { return x < 0.0 ? -l1_[i] : l1_[i]; }
  double prox(Index i, double step, double v) const;
  double least_subgradient(Index i, double x, double gradient) const;

  /// The interval around x on which g_i is linear, on the side to which -s points.
  struct Cell {
    double lower, upper;
  };
  Cell cell(Index i, double x, double s) const;

 private:
  Index group(Index i) const { return group_of_[static_cast<std::size_t>(i)]; }
  /// Norms of the groups of a block, by group.
  void norms(const Block& block, const Vector& x) const;

  Vector l1_, lower_, upper_;
  std::vector<Index> group_of_;
  Vector weights_;
  mutable Vector squares_, gradient_squares_;  // scratch, one number a group
};

}  // namespace optlite::bcd
