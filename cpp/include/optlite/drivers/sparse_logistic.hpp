// Logistic regression with an L1 or elastic-net penalty:
//     min_{w, b}  sum_i s_i log(1 + exp(-y_i (x_i . w + b))) + l1 |w|_1 + l2/2 |w|^2.
//
// Proximal Newton on a working set: each step minimises the second-order model of the loss plus the
// penalty, which is an elastic net with the curvatures as weights (the intercept leaves by
// centring, as there), and goes as far along the way as the objective asks.
//
// Certificate: with r_i = s_i (share of the other class) y_i, minus the derivative of the loss,
// t r is a point of the dual problem
//     max_u  -sum_i s_i l*(u_i / s_i)   with  |x_j . u| <= l1,  sum_i u_i = 0,
// for every t in [0, 1] with t |x_j . r| <= l1, once the intercept is at its best. For l2 > 0 the
// constraint is a penalty of its own, (|x_j . u| - l1)_+^2 / (2 l2), and t = 1 will do.
#pragma once

#include "optlite/drivers/elastic_net.hpp"

namespace optlite {

struct SparseLogisticOptions {
  double l1 = 1.0;  // > 0
  double l2 = 0.0;
  double tolerance = 1e-8;  // on gap / value
  Index max_iterations = 100;  // Newton steps
};

struct SparseLogisticFit {
  Vector coefficients;
  double intercept = 0.0;
  double value = 0.0;
  double gap = 0.0;
  double relative_gap = 0.0;
  Index n_iter = 0;
  Status status = Status::running;
};

/// `data`: X without weights; its intercept is the model's. y: -1 or +1. weight: null for ones.
/// `start` (features, then intercept if there is one) may be empty.
SparseLogisticFit sparse_logistic(ElasticNetData& data, const double* y, const double* weight,
                                  const Vector& start, const SparseLogisticOptions& options);

}  // namespace optlite
