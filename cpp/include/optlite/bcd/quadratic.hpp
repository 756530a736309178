// A quadratic whose gradient is kept up to date while blocks of its variables move.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "optlite/core/sparse.hpp"
#include "optlite/core/types.hpp"

namespace optlite::bcd {

/// Indices of variables, in increasing order.
using Block = std::vector<Index>;

/// A symmetric matrix H with no negative number on its diagonal, in the caller's memory.
class Curvature {
 public:
  virtual ~Curvature() = default;

  Index size() const { return diagonal_.size(); }
  const Vector& diagonal() const { return diagonal_; }
  /// Sums of absolute values: H <= diag(row_sums).
  const Vector& row_sums() const { return row_sums_; }

  /// H_bb.
  virtual void entries(const Block& block, Matrix& out) const = 0;
  /// out += H[:, b] d.
  virtual void add_columns(const Block& block, const Vector& d, Vector& out) const = 0;

 protected:
  Vector diagonal_;
  Vector row_sums_;
};

/// Columns of n numbers, one after the other.
std::unique_ptr<Curvature> dense_curvature(const double* values, Index n);
/// Indices of each column increase.
std::unique_ptr<Curvature> sparse_curvature(CscView<double, std::int64_t> view);

/// f(x) = x' H x / 2 - c' x + constant.
class Quadratic {
 public:
  Quadratic(const Curvature& H, Vector c, double constant, Vector x);

  /// x_b += d. The change of f is exact: d' (g + g_new) / 2 over the block.
  void move(const Block& block, const Vector& d);
  /// Computes gradient and value from x alone, free of the rounding of earlier moves.
  void refresh();

  const Curvature& curvature() const { return H_; }
  const Vector& c() const { return c_; }
  const Vector& x() const { return x_; }
  const Vector& gradient() const { return gradient_; }
  double value() const { return value_; }

 private:
  const Curvature& H_;
  Vector c_;
  double constant_;
  Vector x_;
  Vector gradient_;
  double value_ = 0.0;
};

/// Solves H_bb d = r, in the sense of least norm where H_bb is singular.
class BlockSolver {
 public:
  explicit BlockSolver(const Matrix& H);

  void solve(Vector& r) const;
  /// r' H_bb^-1 r: twice the decrease of f by the exact step where r is the gradient.
  double quadratic_form(Vector& r) const;

 private:
  Matrix factor_;  // L of H = L L', or W of the pseudo-inverse W W'
  bool singular_ = false;
};

}  // namespace optlite::bcd
