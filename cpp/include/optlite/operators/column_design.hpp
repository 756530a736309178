// The data matrix X as coordinate methods see it: column by column.
//
// Every number that is returned depends on one column (or on two), so that columns can be shared
// among threads without a trace in the results. X is never copied, centred or scaled in memory.
#pragma once

#include <memory>
#include <vector>

#include "optlite/core/types.hpp"

namespace optlite {

using Columns = std::vector<Index>;

class ColumnDesign {
 public:
  virtual ~ColumnDesign() = default;

  Index rows() const { return rows_; }
  Index cols() const { return cols_; }
  /// Stored entries: the work of one read.
  virtual Index entries() const = 0;
  virtual bool is_sparse() const = 0;
  /// Whether a few columns can be read without touching the others.
  virtual bool reads_single_columns() const = 0;

  /// Sums over rows for each column, with c_j near the column's values: sum q (x - c),
  /// sum q (x - c)^2 and sum v (x - c). A null q is ones.
  struct Moments {
    Vector center, sums, squares, products;
  };
  virtual Moments moments(const double* q, const double* v) const = 0;

  /// out[j] = x_j . v for every column.
  virtual void dots(const double* v, double* out) const = 0;
  /// out[k] = x_j . v for the k-th column of the list.
  virtual void dots(const Columns& list, const double* v, double* out) const = 0;
  /// out += sum_k coefficients[k] x_j.
  virtual void add(const Columns& list, const double* coefficients, double* out) const = 0;

  /// C = Z_all^T Z_fresh with Z = diag(root) (X - 1 shift^T); a null root is ones.
  virtual void products(const Columns& all, const Columns& fresh, const double* root,
                        const Vector& shift, Matrix& C) const = 0;

  /// The columns of Z^T Z from number `first` on, for the columns of X in a list. A dense X may be
  /// multiplied in single precision, at half the cost: then the diagonal is raised by a share that
  /// makes up for the errors (see Design::single_precision_loss), so that the whole matrix, raised
  /// by that share for as many columns, less Z^T Z has no negative eigenvalue.
  virtual void rough_gram(const Columns& list, Index first, const double* root, const Vector& shift,
                          Matrix& G) const {
    products(list, Columns(list.begin() + first, list.end()), root, shift, G);
  }

  /// Whether a stored entry has a second one at the same place.
  virtual bool has_duplicates() const { return false; }

 protected:
  ColumnDesign(Index rows, Index cols) : rows_(rows), cols_(cols) {}

  Index rows_;
  Index cols_;
};

/// X in dense memory: element (i, j) at data[i * stride + j] (row-major) or data[i + j * stride].
template <class Scalar>
std::unique_ptr<ColumnDesign> make_dense_columns(const Scalar* data, Index rows, Index cols,
                                                 Index stride, bool row_major);

/// X in compressed columns; the arrays are checked before use.
template <class Scalar, class IndexType>
std::unique_ptr<ColumnDesign> make_csc(Index rows, Index cols, Index entries,
                                       const IndexType* starts, const IndexType* indices,
                                       const Scalar* values);

}  // namespace optlite
