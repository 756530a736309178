// Group lasso, sparse group lasso and multi-task elastic net:
//     min_{W, b}  sum_i s_i |y_i - b - W^T x_i|^2 / (2 S)
//                 + alpha sum_g (a |W_g|_1 + e v_g |W_g|_2 + r |W_g|^2 / 2),
// with one column of W for each task. W_g is the part of W that belongs to a group of features, all
// tasks together: groups of one feature make it the multi-task lasso, one task the group lasso.
//
// As in elastic_net.hpp the intercepts leave by centring, and the solver works on the Gram matrix
// of a working set. Of the other groups it drops those that no solution can have (gap-safe
// screening: Ndiaye, Fercoq, Gramfort and Salmon, Gap safe screening rules for sparsity enforcing
// penalties, 2017), and takes in those that violate their condition for staying at zero.
//
// Certificate: with R the residual, t R is a point of the dual problem if for all groups
//     |soft(t Z_g^T S R, a alpha S)|_2 <= e v_g alpha S
// (for r > 0 with Z and R extended, as there).
#pragma once

#include <vector>

#include "optlite/drivers/elastic_net.hpp"

namespace optlite {

/// Which columns belong together, and how much the norm of each group counts.
struct Groups {
  std::vector<Columns> columns;  // every column in one of them
  Vector weights;  // > 0
};

/// Strengths of the parts of the penalty, or their ratio.
struct GroupLevel {
  double l1 = 0.0;
  double norm = 1.0;
  double ridge = 0.0;
};

struct GroupLassoOptions {
  GroupLevel mix;  // l1 + norm > 0
  double tolerance = 1e-8;  // on gap / value
  Index max_iterations = 10000;  // sweeps for one strength
};

struct GroupLassoPath {
  std::vector<RowMatrix> coefficients;  // features x tasks for each strength
  std::vector<ElasticNetFit> fits;
};

/// Targets that are fitted together.
class GroupLassoTarget {
 public:
  /// Y: one column for each task.
  GroupLassoTarget(ElasticNetData& data, Matrix Y, Groups groups);

  const Vector& mean() const { return mean_; }
  Index tasks() const { return Y_.cols(); }
  /// False where X or Y hold NaN, infinity, or numbers whose squares overflow.
  bool is_finite() const;
  /// The smallest strength at which all coefficients are zero.
  double largest_strength(const GroupLevel& mix) const;

  /// Strengths > 0, in descending order; `start` may be empty.
  GroupLassoPath path(const std::vector<double>& strengths, const RowMatrix& start,
                      const GroupLassoOptions& options);

 private:
  class Solver;

  ElasticNetData& data_;
  Groups groups_;
  Vector mean_;
  Matrix Y_;  // centred
  RowMatrix moments_;  // Z^T S Y
  double squares_ = 0.0;  // sum of s y^2
};

}  // namespace optlite
