// The iteration of Newton and Schulz that brings the singular values of a matrix near one.
#pragma once

#include "optlite/core/workspace.hpp"

namespace optlite {

/// X <- a X + (b A + c A^2) X with A = X X^T: an odd polynomial of the singular values.
struct QuinticStep {
  double a, b, c;
};
/// Jordan et al., Muon, 2024: five of these take singular values in [0.003, 1] to about [0.7, 1.2].
inline constexpr QuinticStep muon_step{3.4445, -4.7750, 2.0315};

/// `steps` of them on a matrix of rows without gaps, in place. The larger side is contracted first,
/// so that A has the smaller one.
template <class T>
void newton_schulz(T* X, Index rows, Index cols, Index steps, const QuinticStep& step,
                   Workspace& work);

}  // namespace optlite
