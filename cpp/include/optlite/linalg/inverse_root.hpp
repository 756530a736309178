// (A + ridge I)^(-1/p) of a positive semidefinite matrix, by its eigenvalues.
#pragma once

#include "optlite/core/workspace.hpp"

namespace optlite {

/// What is added to the diagonal: a number, and a multiple of the largest eigenvalue.
struct Ridge {
  double least = 0.0;
  double of_largest = 0.0;
};

/// A and the root are n x n, symmetric, rows without gaps. In double whatever T is, as in Anil et
/// al., Scalable second order optimization for deep learning, 2020: single precision loses the
/// directions whose eigenvalues are small, and those are what the root magnifies. A ridge below the
/// rounding of A in double is raised to it; eigenvalues that rounding made negative count as zero.
/// NaN throughout where A is not finite.
template <class T>
void inverse_root(const T* A, Index n, Index p, const Ridge& ridge, T* root, Workspace& work);

}  // namespace optlite
