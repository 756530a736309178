// Products of a block of rows with itself: the arithmetic of every Hessian and normal equation.
#pragma once

#include <vector>

#include "optlite/core/types.hpp"
#include "optlite/linalg/kernels.hpp"

namespace optlite {

/// Rows over which gram_update may sum in single precision.
inline constexpr Index gram_depth_limit = 256;

/// Whether columns are few enough for tiles that need no packing.
bool gram_is_tiled(Index size);

/// Rows of a buffer that suit gram_update: at most gram_depth_limit.
Index gram_depth(Index size);

/// A buffer of rows for gram_update. Many columns lie in panels, a few columns of all rows one
/// behind the other, so that the tiles of a product read memory in one stream; few columns are one
/// panel. Padding is zero.
template <class Number>
class GramRows {
 public:
  /// Makes room for `depth` rows of `size` columns.
  void reset(Index depth, Index size);

  Index rows() const { return depth_; }
  Index cols() const { return size_; }
  Index panels() const { return panels_; }
  /// Columns of a panel, and the distance of its rows.
  Index width() const { return width_; }
  /// Columns with the padding of the last panel.
  Index padded() const { return panels_ * width_; }
  Number* row(Index panel, Index i) { return data_.data() + panel * apart_ + i * width_; }
  const Number* row(Index panel, Index i) const {
    return data_.data() + panel * apart_ + i * width_;
  }
  Number& at(Index i, Index j) { return row(j / width_, i)[j % width_]; }

 private:
  std::vector<Number> data_;
  Index depth_ = 0, size_ = 0, width_ = 1, panels_ = 0, apart_ = 0;
};

/// C(i, j) += sum_k A(k, i) B(k, j) for i >= j over the first `depth` rows, with A^T B symmetric.
/// Number: float or double; sums over the rows are in that precision, C in double.
///
/// C: column-major, at least A.padded() squared; entries above the diagonal receive values without
/// meaning. Meanwhile `ahead` is asked gram_fetches(A) times.
template <class Number>
void gram_update(Index depth, const GramRows<Number>& A, const GramRows<Number>& B, Matrix& C,
                 kernels::Ahead& ahead);
template <class Number>
Index gram_fetches(const GramRows<Number>& A);

/// Z (rows x width) = A W for a block of columns; all three column-major and without gaps, A rows x
/// depth. For widths of about ten, where Eigen's packing costs more than the product.
void columns_multiply(Index rows, Index depth, Index width, const double* A, const double* W,
                      double* Z);

}  // namespace optlite
