// Products of matrices in the data's own precision, in tiles that threads share.
//
// Both factors are packed once for a block of terms, and every tile of the result is one call of
// Eigen's kernel. Tiles and blocks depend on the shapes alone: results do not depend on the number
// of threads. Tensors of NumPy are row-major, and so is everything here.
#pragma once

#include <Eigen/Core>

#include "optlite/core/numbers.hpp"
#include "optlite/core/workspace.hpp"

namespace optlite {

/// A factor: `rows` x `cols`, its rows `stride` apart in memory, or the columns if it is transposed
/// there.
template <class T>
struct Factor {
  const T* data;
  Index rows, cols, stride;
  bool transposed = false;

  Factor(const T* values, Index n_rows, Index n_cols)
      : data(values), rows(n_rows), cols(n_cols), stride(n_cols) {}
  Factor(const T* values, Index n_rows, Index n_cols, Index apart, bool is_transposed)
      : data(values), rows(n_rows), cols(n_cols), stride(apart), transposed(is_transposed) {}
  Factor t() const { return {data, cols, rows, stride, !transposed}; }
};

/// C = alpha A B + beta D. The rows of C and D are `apart` in memory; 0: without gaps. D may be C,
/// but A and B may not. Polls for an interrupt between parts of a long product.
template <class T>
void multiply(const Factor<T>& A, const Factor<T>& B, T* C, Workspace& work, T alpha = T(1),
              T beta = T(0), const T* D = nullptr, Index apart = 0);

/// The same for a product that is symmetric, and D with it: half of the work.
template <class T>
void multiply_symmetric(const Factor<T>& A, const Factor<T>& B, T* C, Workspace& work,
                        T alpha = T(1), T beta = T(0), const T* D = nullptr, Index apart = 0);

/// A right factor that is packed once, for products with a few rows at a time.
template <class T>
class PackedFactor {
 public:
  explicit PackedFactor(const Factor<T>& B);

  /// C += alpha A B for `rows` rows of A, `stride` apart; those of C are `apart`. In this thread:
  /// others may multiply with the same factor.
  void add_product(const T* A, Index rows, Index stride, T* C, Index apart, T alpha) const;

 private:
  Index depth_, cols_;
  Eigen::Matrix<T, Eigen::Dynamic, 1> packed_;
};

}  // namespace optlite
