// Fits a generalized linear model: chooses scaling, starting point, metric and method, and runs
// the descent driver. The optimum is the same whatever it chooses.
#pragma once

#include <string>

#include "optlite/drivers/descent.hpp"
#include "optlite/problems/generalized_linear.hpp"

namespace optlite {

enum class Solver {
  automatic,
  newton,     // Cholesky factorisation of the Hessian
  newton_cg,  // Hessian-vector products only
  lbfgs       // gradients, started from a metric
};

struct FitOptions {
  Solver solver = Solver::automatic;
  double tolerance = 1e-8;
  Index max_iterations = 100;
  bool record = false;
};

struct FitResult {
  Vector coefficients;      // in the caller's units, laid out as GeneralizedLinear says
  double value = infinity;
  double certificate = infinity;
  Index n_iter = 0;
  Index n_passes = 0;
  Status status = Status::running;
  std::string method;       // what ran, for people
  Conditioning conditioning;
  Trace trace;
};

/// `start`: coefficients to start from; empty for zeros.
FitResult fit(GeneralizedLinear& model, const Vector& start, const FitOptions& options);

}  // namespace optlite
