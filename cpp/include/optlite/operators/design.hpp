// The data matrix X (samples in rows) as the solvers see it: a few passes over blocks of rows.
//
// Every product is one read of X. pass() computes margins X W block by block, hands each block to
// `middle` while the rows are still in cache, and accumulates X^T R from what `middle` left there.
// Value and gradient, Hessian-vector products, X W alone and X^T R alone are all this one pass.
//
// X is never copied, centred or scaled in memory: see problems/generalized_linear.hpp.
#pragma once

#include <memory>
#include <vector>

#include "optlite/core/function_ref.hpp"
#include "optlite/core/types.hpp"
#include "optlite/linalg/gram.hpp"

namespace optlite {

class Design {
 public:
  /// middle(first_row, count, block): `block` is count x max(m, r), column-major.
  using Middle = FunctionRef<void(Index, Index, double*)>;

  virtual ~Design() = default;

  Index rows() const { return rows_; }
  Index cols() const { return cols_; }
  /// Stored entries: the work of one pass.
  virtual Index entries() const = 0;
  /// Blocks start at multiples of block_rows(); only the last one is shorter.
  Index block_rows() const { return block_rows_; }
  Index blocks() const { return (rows_ + block_rows_ - 1) / block_rows_; }

  /// G (cols x r, overwritten) = X^T middle(X W), with W cols x m; both column-major.
  /// m = 0: `middle` fills the block itself. r = 0: nothing is accumulated.
  /// `middle` runs concurrently for different blocks.
  virtual void pass(const double* W, Index m, Index r, Middle middle, double* G) const = 0;

  /// Targets whose products with X or Z, weighted by q, are wanted in the same read as something
  /// else.
  struct Targets {
    const double* y;    // rows x count, column-major
    Index count;
    Matrix* products;   // cols x count, overwritten

    /// diag(q) Y for `height` rows from `first` on, of all `rows`; q may be null.
    void weigh(const double* q, Index rows, Index first, Index height, double* block) const {
      for (Index t = 0; t < count; ++t) {
        for (Index i = 0; i < height; ++i) {
          const double weight = q == nullptr ? 1.0 : q[first + i];
          block[i + t * height] = weight * y[first + i + t * rows];
        }
      }
    }
  };

  /// A Gram matrix: the lower triangle of [Z 1]^T diag(q) [Z 1] (the column of ones if `border`),
  /// with Z = (X - 1 shift^T) diag(scale).
  struct Gram {
    const double* q = nullptr;      // null: ones
    const double* shift = nullptr;  // null: zeros
    const double* scale = nullptr;  // null: ones
    bool border = false;
    /// Products in single precision: twice as fast, with errors of at most
    /// single_precision_error * sqrt(H_ii H_jj) as long as nothing leaves the range of a float.
    /// Sparse data use double all the same. Not together with targets.
    bool single = false;
    const Targets* targets = nullptr;
    /// A power of two that brings q into the range of a float; H does not depend on it.
    double q_unit = 1.0;
  };
  static constexpr double single_precision_error = (gram_depth_limit + 5) * 0x1p-24;

  /// A diagonal matrix that bounds the errors of single precision in the order of matrices is
  /// diag(H) times this: they change v . H v by at most e (sum_i |v_i| sqrt(H_ii))^2, which
  /// Cauchy's inequality bounds by e size sum_i v_i^2 H_ii.
  static constexpr double single_precision_loss(Index size) {
    return single_precision_error * static_cast<double>(size);
  }

  virtual void weighted_gram(const Gram& gram, Matrix& H) const = 0;

  /// Whether pass_and_gram() needs one read of X only.
  virtual bool reads_once(const Gram&) const { return false; }

  /// pass() and weighted_gram(), in one read of X where that is possible. `middle` may write gram.q
  /// for its rows.
  virtual void pass_and_gram(const double* W, Index m, Index r, Middle middle, double* G,
                             const Gram& gram, Matrix& H) const {
    pass(W, m, r, middle, G);
    weighted_gram(gram, H);
  }

  /// sum_i q_i x_ij and sum_i q_i (x_ij - center_j)^2; the center is returned so that large
  /// common shifts do not cancel. Targets, unless null, get X^T diag(q) Y, of dense data from the
  /// same read.
  virtual void moments(const double* q, Vector& sums, Vector& centered_squares, Vector& center,
                       const Targets* targets = nullptr) const = 0;

  /// Whether a stored entry of a sparse matrix has a second one at the same place: products add
  /// them up, but moments and Gram matrices need them added up beforehand.
  virtual bool has_duplicates() const { return false; }

  /// A compact copy of some rows, in double.
  virtual std::unique_ptr<Design> gather(const std::vector<Index>& rows) const = 0;

 protected:
  Design(Index rows, Index cols, Index block_rows)
      : rows_(rows), cols_(cols), block_rows_(block_rows) {}

  Index rows_;
  Index cols_;
  Index block_rows_;
};

/// X in dense memory: element (i, j) at data[i * stride + j] (row-major) or data[i + j * stride].
template <class Scalar>
std::unique_ptr<Design> make_dense(const Scalar* data, Index rows, Index cols, Index stride,
                                   bool row_major);

/// X in compressed rows; the arrays are checked before use.
template <class Scalar, class IndexType>
std::unique_ptr<Design> make_csr(Index rows, Index cols, Index entries, const IndexType* starts,
                                 const IndexType* indices, const Scalar* values);

}  // namespace optlite
