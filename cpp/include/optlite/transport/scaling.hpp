// One iteration of Sinkhorn.
#pragma once

#include "optlite/transport/problem.hpp"

namespace optlite::transport {

/// Fits the columns, then the rows. With `relaxation` > 1 both go further than their sums ask for.
/// A plan in memory is scaled, which costs one read of it (Schmitzer, Stabilized sparse scaling
/// algorithms, 2019); where the factors grow too large, it is evaluated anew.
inline void sweep(Problem& problem, Point& at, Precision precision, double relaxation = 1.0) {
  const Vector next = problem.column_step(at);
  at.g = relaxation == 1.0 ? next : Vector(at.g + relaxation * (next - at.g));
  problem.move(at, precision, relaxation);
}

}  // namespace optlite::transport
