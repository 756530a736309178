// Accelerated proximal gradients for sparse models whose penalty need not be convex.
//
//     min_W  f(W) + q(W) + g(W),
//
// f: the loss with the intercepts at their best; its second derivatives lie between zero and
//    bound * lambda_max(Z^T S Z), with the centred columns Z and the weights S.
// g: the penalty, and q = 0, if it is convex. Of a concave penalty of slope one at zero (MCP, SCAD)
//    g is the kink, strength * |w|, and q what is left: concave, smooth, and no more curved than
//    the penalty is.
// So L = max(bound * lambda_max, concavity) is a Lipschitz constant of the gradient of f + q, and
// with beta = 0.99 / L and damping factors a_1 = 1, a_{k+1} = 2 / (1 + sqrt(1 + 4 / a_k^2)):
//
//     middle    = a_k point + (1 - a_k) aggregate
//     point     = prox of (beta / a_k) g at  point  - (beta / a_k) gradient(middle)
//     aggregate = prox of beta g         at  middle - beta gradient(middle)
//
// (Ghadimi and Lan, Accelerated gradient methods for nonconvex nonlinear and stochastic
// programming, 2016, algorithm 1 for composite problems, with the damping of Yang, Asgharian and
// Bhatnagar, Accelerated gradient methods for sparse statistical learning with nonconvex penalties,
// 2022, which makes Ghadimi and Lan's bound on |middle - aggregate| / beta the least.)
//
// The damping starts anew, from the aggregate, when a step turns against the one before
// (O'Donoghue and Candes, Adaptive restart for accelerated gradient schemes, 2015, section 3.2).
#pragma once

#include <memory>

#include "optlite/core/types.hpp"
#include "optlite/drivers/sparse_model.hpp"

namespace optlite {

class AcceleratedGradient {
 public:
  /// Of the last iteration.
  struct State {
    Matrix point, middle, aggregate;  // features x outputs; the aggregate is the solution
    Vector intercepts;  // the best for `middle`, or for `aggregate` once that has been looked at
    double damping = 1.0;  // a_k
    double mapping = infinity;  // |middle - aggregate| / beta: the generalised gradient's norm
    double violation = infinity;  // relative KKT violation at `aggregate`, if it was looked at
    bool restarts = false;  // the next one
    Index n_iter = 0;
    Status status = Status::running;
  };

  /// The loss and the concavity of the penalty must be bounded in curvature. `start`: features x
  /// outputs, and the intercepts below; or empty.
  AcceleratedGradient(ElasticNetData& data, MarginLoss& loss, SparsePenalty penalty,
                      const Matrix& start, bool restart);
  ~AcceleratedGradient();

  /// One iteration. It looks at the conditions for an optimum once the generalised gradient
  /// promises that they are met: each partial derivative of the loss is as near to the
  /// subdifferential of the penalty as `tolerance` times the largest derivative at W = 0.
  void step(double tolerance);
  /// Until then, or for `most` further iterations, or until nothing moves any more.
  void run(double tolerance, Index most);

  const State& state() const;
  double lipschitz() const;  // L
  double beta() const;

 private:
  class Method;
  std::unique_ptr<Method> method_;
};

}  // namespace optlite
