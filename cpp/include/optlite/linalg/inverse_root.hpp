// (A + ridge I)^(-1/p) of a positive semidefinite matrix, by products of matrices alone.
#pragma once

#include "optlite/core/workspace.hpp"

namespace optlite {

/// The coupled Newton iteration of Guo and Higham (A Schur-Newton method for the matrix p-th root
/// and its inverse, 2006, section 3), as distributed Shampoo has it:
///
///     H = z^(1/p) I, M = z A with z = (1 + p) / (2 |A|), then, until M = I,
///     N = ((1 + p) I - M) / p,  H <- H N,  M <- N^p M
///
/// M = A H^p throughout, so that H ends as the root; the convergence is quadratic in the end. A and
/// the root are n x n, symmetric, rows without gaps. All products are in double, as in Anil et al.,
/// Scalable second order optimization for deep learning, 2020: single precision loses the
/// directions whose eigenvalues are small, and those are what the root magnifies. A ridge below the
/// rounding of A in double is raised to it.
template <class T>
void inverse_root(const T* A, Index n, Index p, double ridge, T* root, Workspace& work);

/// The largest eigenvalue of a positive semidefinite matrix, from below: twenty steps of the power
/// method from its largest column.
template <class T>
double largest_eigenvalue(const T* A, Index n, Workspace& work);

}  // namespace optlite
