// How far from optimal potentials are: bounds that hold whatever the potentials, by weak duality.
#pragma once

#include "optlite/transport/problem.hpp"

namespace optlite::transport {

struct Bounds {
  double cost = 0.0;         // <C, P>
  double lower = 0.0;        // on the cost of unregularized transport
  double upper = 0.0;        // <C, Q> of the feasible plan Q below
  double regularized = 0.0;  // <C, Q> + reg sum Q log Q, an upper bound of the regularized minimum
};

/// The lower bound is the value of (f', g'), f'_i = min_j C_ij - g_j, g'_j = min_i C_ij - f'_i,
/// which satisfy f'_i + g'_j <= C_ij: feasible for the dual linear program. Q is the plan rounded
/// to the marginals (Altschuler, Weed and Rigollet, Near-linear time approximation algorithms for
/// optimal transport via Sinkhorn iteration, 2017, algorithm 2). Three reads of the costs.
Bounds bounds(const Cost& cost, const Vector& a, const Vector& b, const Point& point);

}  // namespace optlite::transport
