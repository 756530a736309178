// Plans as shares of what each source sends. For target potentials g alone are known
//
//     s_ij = exp((g_j - C_ij + T_i) / reg),     T_i = -reg log sum_j exp((g_j - C_ij) / reg)
//
// and a plan is P_ij = p_i s_ij: problems that relax the sums of rows differ in the masses p only.
#pragma once

#include "optlite/transport/cost_rows.hpp"
#include "optlite/transport/row_parts.hpp"

namespace optlite::transport {

class ConditionalPlan {
 public:
  /// `memory`: numbers that may be kept; shares that are not kept are computed anew in products.
  ConditionalPlan(const Cost& cost, double memory);

  Index sources() const { return cost_.sources(); }
  Index targets() const { return cost_.targets(); }
  const Cost& cost() const { return cost_; }

  /// Takes all exponentials at g: soft minima T, and the shares.
  void evaluate(const Vector& g, double reg);
  const Vector& soft_minima() const { return soft_minima_; }

  /// sum_i p_i s_i.
  Vector column_sums(const Vector& p);
  /// sum_i w_i s_i (s_i . y).
  Vector product(const Vector& w, const Vector& y);
  /// sum_i w_i s_ij^2.
  Vector squares(const Vector& w);
  /// sum_i w_i s_i s_i^T as links between columns; only the entries above the diagonal are set.
  RowMatrix links(const Vector& w) const;
  /// log sum_i exp((f_i - C_ij) / reg) of each column, where sums of the plan have underflowed.
  Vector log_column_sums(const Vector& f, double reg);

  Index n_evaluations() const { return n_evaluations_; }
  Index n_products() const { return n_products_; }

 private:
  const double* shares(Index i, CostRows& costs, double* buffer) const;
  template <class Factor>
  void weighted(Index first, Index last, double* buffer, double* sums, Factor&& factor) const;

  const Cost& cost_;
  bool keeps_;
  RowParts parts_;
  double reg_ = 0.0;
  Vector g_, soft_minima_;
  RowMatrix shares_;
  Index n_evaluations_ = 0;
  Index n_products_ = 0;
};

}  // namespace optlite::transport
