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

/// f_i = min(cap, min_j C_ij - g_j) and g'_j = min_i C_ij - f_i: potentials with f_i + g'_j <=
/// C_ij.
struct Transforms {
  Vector f, g;
};
Transforms transforms(const Cost& cost, const Vector& g, double cap);

/// Row i of the plan, divided by its sum and times `mass`. Zero, and false, where potentials so far
/// off leave no row that could be divided.
bool fitted_row(const double* costs, const Point& point, Index i, double mass, VectorMap p);

/// sum_j C_ij p_j. A forbidden link (infinite cost) that carries nothing costs nothing.
double cost_of_row(Index count, const double* costs, const double* p);

/// sum_j p_j log p_j.
double entropy_of_row(Index count, const double* p);

}  // namespace optlite::transport
