// Lasso and elastic net:
//     min_{w, b}  sum_i s_i (y_i - b - x_i . w)^2 / (2 S) + alpha (r |w|_1 + (1 - r) |w|^2 / 2),
// with S = sum_i s_i, along a sequence of strengths alpha, each started at the solution before.
//
// The intercept is eliminated by centring, which is never done in memory: Z below stands for
// X - 1 mu^T with the weighted means mu, or for X without an intercept.
//
// Most columns never matter. The solver works on the Gram matrix of a working set, and looks at the
// others only where it must: a product with an earlier residual bounds the one with the present
// residual, by Cauchy and Schwarz, and columns whose bound is below the level of the penalty are
// known to stay at zero without being read. Where a read of X costs more than the Gram matrix of
// all columns, the working set is all of them.
#pragma once

#include <memory>
#include <vector>

#include "optlite/core/status.hpp"
#include "optlite/operators/column_design.hpp"
#include "optlite/operators/design.hpp"

namespace optlite {

/// What targets and strengths share: the data matrix, its weights, means and products.
class ElasticNetData {
 public:
  /// weight: null for ones; kept, not copied. `design`: the same dense X, read by rows, for the
  /// Gram matrix of all columns; null if that comes from products of columns.
  ElasticNetData(const ColumnDesign& columns, const Design* design, const double* weight,
                 bool intercept);

  const ColumnDesign& columns() const { return columns_; }
  Index rows() const { return columns_.rows(); }
  Index features() const { return columns_.cols(); }
  bool intercept() const { return intercept_; }
  const double* weight() const { return weight_; }
  const double* root_weight() const { return weight_ == nullptr ? nullptr : root_weight_.data(); }
  double weight_of(Index i) const { return weight_ == nullptr ? 1.0 : weight_[i]; }
  double total_weight() const { return total_weight_; }

  /// Finds the means with these weights, and the norms of what rows of positive weight hold, for a
  /// residual that has its weights already. Rows that do not count may lie anywhere.
  void centre(const Vector& weight);

  /// Known after the first call of centre(), moments() or gram().
  const Vector& mean() const { return mean_; }
  /// Norms of the columns of S^(1/2) Z.
  const Vector& norms() const { return norms_; }
  /// How far rounding may move the product of each column with a residual of norm one: the numbers
  /// that are summed up are those of X, however near they lie to each other.
  Vector product_rounding() const;

  /// Z^T S y for a centred y; the first call finds means and norms in the same read.
  Vector moments(const Vector& y);
  /// Z^T S Z, all of it, from one read of X; `y` comes along: `products` is Z^T S y.
  const Matrix& gram(const Vector& y, Vector& products);
  /// What gram() has found.
  const Matrix& known_gram() const { return gram_; }
  /// Takes over a Gram matrix that the caller knows.
  void use_gram(Matrix gram) { gram_ = std::move(gram); }

  /// Z_j^T S r for the columns of a list, or for all (a null list).
  Vector products(const Columns* list, const Vector& r) const;
  double dot(const Vector& a, const Vector& b) const;  // with the weights

 private:
  const ColumnDesign& columns_;
  const Design* design_;
  const double* weight_;
  bool intercept_;
  Vector root_weight_;
  double total_weight_;
  Vector mean_;
  Vector norms_;
  Matrix gram_;
};

double weighted_mean(const ElasticNetData& data, const Vector& y);

/// Of a sum of `terms` products in any order: the rounding error beside the sum of their sizes,
/// with as much again for a mean that is subtracted (Higham, Accuracy and stability of numerical
/// algorithms, 2002, equation 3.5).
inline double rounding_of_sum(Index terms) { return epsilon * static_cast<double>(terms + 8); }

struct ElasticNetOptions {
  double l1_ratio = 1.0;  // > 0
  bool positive = false;
  double tolerance = 1e-8;  // on gap / value
  Index max_iterations = 10000;  // sweeps for one strength
};

/// Of one strength; value and gap are those of the objective above.
struct ElasticNetFit {
  double value = 0.0;
  double gap = 0.0;
  double relative_gap = 0.0;
  Index n_iter = 0;
  Status status = Status::running;
};

struct ElasticNetPath {
  Matrix coefficients;  // features x strengths
  std::vector<ElasticNetFit> fits;
};

/// One target.
class ElasticNetTarget {
 public:
  /// whole: the working set is all columns.
  ElasticNetTarget(ElasticNetData& data, const double* y, bool whole);

  double mean() const { return mean_; }
  /// False where X or y hold NaN, infinity, or numbers whose squares overflow.
  bool is_finite() const;
  /// The smallest strength at which all coefficients are zero, for r = 1.
  double largest_strength(bool positive_only) const;

  /// Strengths > 0, in descending order; `start` may be empty.
  ElasticNetPath path(const std::vector<double>& strengths, const Vector& start,
                      const ElasticNetOptions& options);

 private:
  class Solver;

  ElasticNetData& data_;
  bool whole_;
  double mean_ = 0.0;
  Vector y_;  // centred
  Vector moments_;  // Z^T S y
  double squares_;  // y^T S y
};

}  // namespace optlite
