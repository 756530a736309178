// What a driver reports once per iteration. Drivers record if somebody asked; kernels never do.
#pragma once

#include <limits>
#include <vector>

#include "optlite/core/types.hpp"

namespace optlite {

/// One iteration. Names are the textbook's; counts and seconds are totals since the start.
struct TraceRecord {
  Index iteration = 0;
  double objective = 0.0;
  double gradient_norm = 0.0;
  double certificate = infinity;  // bound on, or estimate of, objective - minimum
  double step_size = 0.0;
  /// The smallest Ritz value of the Hessian that the method saw there, and a bound on its distance
  /// from an eigenvalue; NaN if it saw none.
  double curvature = std::numeric_limits<double>::quiet_NaN();
  double curvature_bound = std::numeric_limits<double>::quiet_NaN();
  double regularization = 0.0;  // Levenberg-style shift of the Hessian, where the method has one
  Index n_passes = 0;  // times the data was read
  Index n_inner = 0;  // conjugate-gradient iterations
  double seconds = 0.0;
};

using Trace = std::vector<TraceRecord>;

}  // namespace optlite
