// Entropic optimal transport, as a concave function of the target potentials alone.
//
//     minimise  <C, P> + reg sum_ij P_ij log P_ij    subject to  P 1 = a,  P^T 1 = b
//
// Its dual maximises <a, f> + <b, g>, where P_ij = exp((f_i + g_j - C_ij) / reg) must have mass 1.
// For given g the best f makes every row sum to a_i exactly, so that what is left is
//
//     q(g) = <a, f(g)> + <b, g>,     grad q = b - P^T 1,     -reg hess q = diag(P^T 1) - P^T
//     diag(a)^-1 P
//
// (the semi-dual: Cuturi and Peyre, Semidual regularized optimal transport, 2018). A row is
// normalised after its largest exponent has been subtracted: nothing overflows at any reg.
#pragma once

#include <cstdint>
#include <vector>

#include "optlite/core/types.hpp"
#include "optlite/transport/cost.hpp"
#include "optlite/transport/row_parts.hpp"

namespace optlite::transport {

/// What is known at one vector of target potentials.
struct Point {
  double reg = 0.0;
  Vector g;            // target potentials
  Vector f;            // source potentials: those that make the rows sum to a
  Vector row_sums, column_sums;  // of the plan
  double value = 0.0;  // q(g)
  double error = infinity;  // |P^T 1 - b|_1, as rows sum to a; |P 1 - a|_1 more where they do not
};

/// Row i of the plan at these potentials; its sum.
double plan_row(const Cost& cost, const Point& point, Index i, double* row);

/// The whole plan, row-major. With `row_sums`, rows are divided by what they sum to instead: f is
/// rounded, which moves exponents by as much as epsilon f / reg.
template <class Scalar>
void write_plan(const Cost& cost, const Point& point, Scalar* plan,
                const Vector* row_sums = nullptr);

/// Evaluates q, and keeps the last plan for products: all entries, or those that matter.
class Problem {
 public:
  /// `drop`: entries below drop * min(a_i / m, b / n) need not be kept, so that no row or column
  /// loses more than this share of its mass. `memory`: numbers that a stored plan may take.
  Problem(const Cost& cost, Vector a, Vector b, double drop, double memory);

  Index sources() const { return cost_.sources(); }
  Index targets() const { return cost_.targets(); }
  const Vector& a() const { return a_; }
  const Vector& b() const { return b_; }

  /// Fills the rest of a point whose reg and g are set. With `keep`, its plan can be multiplied
  /// with until the next evaluation. With a relaxation other than one, f goes that share of the way
  /// to the potentials that make the rows sum to a, from where it was.
  void evaluate(Point& point, bool keep, double relaxation = 1.0);

  /// out <- (diag(P^T 1) - P^T diag(a)^-1 P) y for the plan that was kept last.
  void schur_product(const Point& point, const Vector& y, Vector& out);
  /// The diagonal of that matrix.
  Vector schur_diagonal(const Point& point);
  /// The solution of the system with that matrix whose last entry is zero. `right` sums to zero.
  Vector solve_schur(const Point& point, const Vector& right) const;

  /// One step of scaling with the plan that was kept last, whose columns are multiplied by v: the
  /// row factors u move as f does in evaluate(), and the sums follow. Reads the plan once.
  /// Returns |P 1 - a|_1.
  double scaled_row_step(const Vector& v, double relaxation, Vector& u, Point& point);

  /// g + reg log(b / column sums), computed from the costs where a column sum underflowed.
  Vector column_step(const Point& point) const;

  /// Whether all entries of the plan are in memory.
  bool kept_whole() const { return kept_ && storage_ == Storage::dense; }
  /// Share of the entries that were worth keeping at the last evaluation.
  double density() const { return density_; }

  const Cost& cost() const { return cost_; }
  /// For methods that multiply with matrices of their own.
  void count_product() { ++n_products_; }
  Index n_evaluations() const { return n_evaluations_; }
  Index n_products() const { return n_products_; }

 private:
  enum class Storage { dense, compressed, none };
  struct Part {  // rows of a compressed plan
    std::vector<double> values;
    std::vector<std::int32_t> columns;
    std::vector<Index> starts;
  };

  double evaluate_row(Point& point, Index i, double relaxation, double* buffer) const;
  void choose_storage(bool keep);
  void keep_row(Index part, Index i, const double* values);
  template <class Factor>
  void dense_product(Index first, Index last, const Vector& y, Vector& sums, Factor&& factor) const;
  template <class Visit>
  void visit_row(const Point& point, Index part, Index i, double* buffer, Visit&& visit) const;

  const Cost& cost_;
  Vector a_;
  Vector b_;
  Vector threshold_;  // of each row
  double memory_;
  RowParts parts_;
  Storage storage_ = Storage::none;
  bool kept_ = false;
  double density_ = 1.0;
  RowMatrix dense_;
  std::vector<Part> compressed_;
  Index n_evaluations_ = 0;
  Index n_products_ = 0;
};

}  // namespace optlite::transport
