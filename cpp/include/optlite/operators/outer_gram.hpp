// K = Z Z^T with Z = diag(row_scale) (X - 1 shift^T): inner products between rows, for wide data.
#pragma once

#include "optlite/operators/design.hpp"

namespace optlite {

/// A dense X that somebody else owns: element (i, j) at data[i * stride + j] (row-major) or
/// data[i + j * stride].
template <class Scalar>
struct DenseView {
  const Scalar* data;
  Index rows;
  Index cols;
  Index stride;
  bool row_major;
};

/// Both triangles of K; null row_scale means ones, null shift means zeros. X is read in blocks of
/// columns that are centred while they are copied, so a large common shift does not cancel.
template <class Scalar>
void outer_gram(const DenseView<Scalar>& X, const double* row_scale, const double* shift,
                Matrix& K);

/// The same for any design, from its passes: meant for sparse X, where the shift has to be taken
/// out of the finished products.
void outer_gram(const Design& design, const double* row_scale, const double* shift, Matrix& K);

}  // namespace optlite
