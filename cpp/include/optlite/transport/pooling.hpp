// How much of each source goes anywhere, where a share of the mass may stay and both are smoothed
// by their entropy:
//
//     minimise  <C, P> + reg (sum P (log P - 1) + sum r (log r - 1))
//     subject to  P 1 + r = a,  sum P = mass
//
// (Gurbuz, Sener and Alatan, Generalized sum pooling for metric learning, 2023). One
// multiplier t is unknown: with soft minima T_i = -reg log sum_j exp(-C_ij / reg), source i sends
// a_i / (1 + exp((T_i - t) / reg)).
#pragma once

#include "optlite/core/types.hpp"

namespace optlite::transport {

struct Pooled {
  Vector sent;  // P 1
  Vector kept;  // r, not as a difference
  double multiplier = 0.0;
};

Pooled pool(const Vector& soft_minima, const Vector& a, double mass, double reg);

}  // namespace optlite::transport
