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

#include "optlite/core/types.hpp"
#include "optlite/transport/cost_rows.hpp"
#include "optlite/transport/row_parts.hpp"
#include "optlite/transport/stored_plan.hpp"

namespace optlite::transport {

/// What is known at one vector of target potentials.
struct Point {
  double reg = 0.0;
  Vector g;            // target potentials
  Vector f;            // source potentials: those that make the rows sum to a
  Vector row_sums, column_sums;  // of the plan
  double value = 0.0;  // q(g)
  double noise = 0.0;  // what of the error is a bound: q(g) is reg times it less, at worst
  double error = infinity;  // |P^T 1 - b|_1, as rows sum to a; |P 1 - a|_1 more where they do not
  Vector u,
      v;  // the plan in memory becomes that of this point by these factors of rows and columns
};

/// Row i of the plan at these potentials, from its costs; its sum.
double plan_row(const double* costs, Index targets, const Point& point, Index i, double* row);

/// The whole plan, row-major. With `row_sums`, rows are divided by what they sum to instead: f is
/// rounded, which moves exponents by as much as epsilon f / reg.
template <class Scalar>
void write_plan(const Cost& cost, const Point& point, Scalar* plan,
                const Vector* row_sums = nullptr);

enum class Precision {
  single,  // of exponentials and of the plan in memory: sums are good to about 1e-7 of the mass
  mixed,  // exponentials and sums in double; the plan in memory, for products, in single precision
  full,
};

/// Evaluates q, and keeps the last plan for products: all entries, or those that matter.
class Problem {
 public:
  /// `drop`: entries below drop * min(a_i / m, b / n) need not be kept, so that no row or column
  /// loses more than this share of its mass. `memory`: doubles that a stored plan may take.
  Problem(const Cost& cost, Vector a, Vector b, double drop, double memory);

  Index sources() const { return cost_.sources(); }
  Index targets() const { return cost_.targets(); }
  const Vector& a() const { return a_; }
  const Vector& b() const { return b_; }

  /// Fills the rest of a point whose reg and g are set. With `keep`, its plan can be multiplied
  /// with until the next evaluation. With a relaxation other than one, f goes that share of the way
  /// to the potentials that make the rows sum to a, from where it was.
  void evaluate(Point& point, Precision precision, bool keep, double relaxation = 1.0);

  /// The same with the plan in memory, scaled to the point: no exponential of an entry. Where the
  /// factors would be too large, or there is no such plan, it is evaluated.
  void move(Point& point, Precision precision, double relaxation = 1.0);

  /// The same for a point so near the last one evaluated in mixed precision that its sums follow in
  /// double from the sums there: a change of the potentials by d reg changes an entry by the share
  /// exp(d) - 1 of it, of which the entries in single precision tell seven digits. What they hide
  /// is counted as error. False, with the point's u and v as they were, if that is more than
  /// `noise`.
  bool nudge(Point& point, double noise);

  /// out <- (diag(P^T 1) - P^T diag(a)^-1 P) y for the plan in memory. `exactly`: in double
  /// arithmetic, and with the column sums of the entries that are kept, so that this is a Laplacian
  /// whose links are relatively correct, and its product with ones zero.
  void schur_product(const Point& point, const Vector& y, Vector& out, bool exactly);
  /// The diagonal of that matrix.
  Vector schur_diagonal(const Point& point);
  /// The solution of the system with that matrix whose last entry is zero. `right` sums to zero.
  Vector solve_schur(const Point& point, const Vector& right);

  /// g + reg log(b / column sums), computed from the costs where a column sum underflowed.
  Vector column_step(const Point& point) const;

  /// Share of the entries that were worth keeping at the last evaluation.
  double density() const { return density_; }
  /// Another regularization may need all of them.
  void forget_density() { density_ = 1.0; }

  const Cost& cost() const { return cost_; }
  /// For methods that multiply with matrices of their own.
  void count_product() { ++n_products_; }
  Index n_evaluations() const { return n_evaluations_; }
  Index n_products() const { return n_products_; }

  /// What has been computed, in units of one pass in single precision over a whole plan in memory.
  double work() const { return work_; }
  /// The same of one move, of one product with its share of the diagonal, and of an elimination.
  double move_work(Precision precision) const;
  double product_work(bool exactly) const;
  double elimination_work() const;

 private:
  void choose_form(Precision precision, bool keep);
  template <class Number>
  double fill_row(const Point& point, Index i, CostRows& costs, double* buffer, Number* row,
                  double& shift) const;
  template <class Number>
  void fill_shares(const Point& point, Index first, Index count, CostRows& costs, double* buffer,
                   Number* rows) const;
  template <class Number, class Kept>
  void evaluate_rows(Point& point, double relaxation, StoredPlan<Kept>& plan);
  template <class Kept>
  bool rescale(const StoredPlan<Kept>& plan, Point& point, double relaxation);
  template <class Number, class Kept, class Weight>
  void multiply(const StoredPlan<Kept>& plan, const Point& point, const Vector& y, Vector& out,
                Weight&& weight);
  template <class Number, class Kept>
  void schur_product(const StoredPlan<Kept>& plan, const Point& point, const Vector& y,
                     const Vector& degrees, Vector& out);
  template <class Kept>
  Vector squared_entries(const StoredPlan<Kept>& plan, const Point& point);
  void finish(Point& point, bool fitted) const;
  double row_factor(const Point& point, Index i) const {
    return form_ == Form::none ? a_[i] : point.u[i];
  }
  /// Work of a pass over the entries that are kept.
  double pass_work(bool in_double) const;
  double evaluation_work(Precision precision) const;

  const Cost& cost_;
  Vector a_;
  Vector b_;
  Vector threshold_;  // of each row
  double unit_;  // of masses: that of single-precision numbers that stand for them
  double memory_;
  RowParts parts_;
  Precision precision_ = Precision::full;  // of the last evaluation
  Form form_ = Form::none;
  bool kept_ = false;
  double density_ = 1.0;
  StoredPlan<float> single_;
  StoredPlan<double> full_;
  double base_reg_ = 0.0;  // the plan in memory is exp((base_f_i + base_g_j - C_ij) / base_reg)
  Vector base_f_, base_g_;
  Vector base_u_, base_sums_;  // factors of its rows and the exact column sums then, or empty
  Vector degrees_;  // column sums of the plan in memory, in double; empty where not known
  Index n_evaluations_ = 0;
  Index n_products_ = 0;
  double work_ = 0.0;
};

}  // namespace optlite::transport
