// How f curves: a symmetric matrix H that its Hessian does not exceed, read block by block.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "optlite/core/sparse.hpp"
#include "optlite/core/types.hpp"

namespace optlite::bcd {

/// Indices of variables, in increasing order.
using Block = std::vector<Index>;
using SparseColumns = CscView<double, std::int64_t>;

/// A symmetric positive semi-definite matrix H.
class Curvature {
 public:
  virtual ~Curvature() = default;

  Index size() const { return diagonal_.size(); }
  const Vector& diagonal() const { return diagonal_; }
  /// No less than the sums of absolute values: H <= diag(row_sums). Few ask for them.
  virtual const Vector& row_sums() const = 0;

  /// H_bb.
  virtual void entries(const Block& block, Matrix& out) const = 0;
  /// out += H[:, b] d.
  virtual void add_columns(const Block& block, const Vector& d, Vector& out) const = 0;
  /// The columns themselves, if they are stored sparsely, with increasing indices.
  virtual const SparseColumns* columns() const { return nullptr; }

 protected:
  Vector diagonal_;
};

/// Columns of n numbers, one after the other, in the caller's memory.
std::unique_ptr<Curvature> dense_curvature(const double* values, Index n);
/// Indices of each column increase.
std::unique_ptr<Curvature> sparse_curvature(SparseColumns view);

/// Solves H_bb d = r, in the sense of least norm where H_bb is singular.
class BlockSolver {
 public:
  explicit BlockSolver(const Matrix& H);
  /// For some ten solves or more of a small block: products take the place of substitutions, in
  /// which each number waits for the one before. A large block waits for memory, and keeps L.
  void take_root();

  bool singular() const { return singular_; }
  void solve(Vector& r) const;
  /// r' H_bb^-1 r: twice the decrease of f by the exact step where r is the gradient.
  double quadratic_form(Vector& r) const;

 private:
  Vector along_root(const Vector& r) const;

  Matrix factor_;  // L of H = L L' below the diagonal, or W of the (pseudo-)inverse W W'
  bool root_ = false;  // W
  bool singular_ = false;
};

/// A number as messages show it: six digits, however small it is.
std::string shown(double number);

/// The numbers of a vector at the places of a block.
inline void gather(const Vector& from, const Block& block, Vector& out) {
  out.resize(static_cast<Index>(block.size()));
  for (Index k = 0; k < out.size(); ++k) out[k] = from[block[static_cast<std::size_t>(k)]];
}

}  // namespace optlite::bcd
