// Entropic transport whose plan need not have the sums a and b, as a function of the target
// potentials alone: what has been eliminated (source potentials, and the one number that trades
// mass against potentials) is exact at every point.
#pragma once

#include "optlite/transport/conditional.hpp"

namespace optlite::transport {

/// What is known at one vector of target potentials. P_ij = exp((f_i + g_j - C_ij) / reg).
struct RelaxedPoint {
  double reg = 0.0;
  Vector g, f;
  Vector row_sums, column_sums;  // of the plan
  Vector gradient;               // of the dual value in g
  /// The number that trades mass: of capped sums, the multiplier of the total mass, which f
  /// includes; of soft sums, the constant to be added to f and taken from g, which the plan does
  /// not show and which may be so large that it would take their digits.
  double multiplier = 0.0;
  double value = 0.0;
  double error = infinity;  // what the optimality conditions leave of the sums, in mass
};

/// The matrix of a Newton step: diag(diagonal) - sum_i w_i s_i s_i^T - group group^T / group_mass,
/// on the columns that are not held, at reg times minus the second derivative of the dual value.
struct RelaxedCurvature {
  Vector weights;
  Vector diagonal;
  Vector excess;  // sums of the rows of that matrix over all columns
  Vector group;   // empty: there is none
  double group_mass = 1.0;
  Vector held;  // where a bound decides: how far g moves there; elsewhere NaN
};

/// How sums may deviate: the part of the problem that varies.
class Marginals {
 public:
  virtual ~Marginals() = default;
  /// Source potentials, multiplier and row sums that are best for at.g.
  virtual void fit_rows(const Vector& soft_minima, RelaxedPoint& at) const = 0;
  /// Gradient, value and error from the column sums.
  virtual void judge(RelaxedPoint& at) const = 0;
  /// The best g for source potentials whose log sum_i exp((f_i - C_ij) / reg) are given.
  virtual Vector fit_columns(const Vector& logs, const RelaxedPoint& at) const = 0;
  virtual RelaxedCurvature curvature(ConditionalPlan& plan, const RelaxedPoint& at) const = 0;
  /// The nearest potentials that are allowed.
  virtual Vector project(Vector g) const { return g; }
};

/// minimise <C, P> + reg KL(P | R) + rho_1 KL(P 1 | a) + rho_2 KL(P^T 1 | b), where R is a b^T, or
/// ones. At the optimum P 1 = a exp(-f / rho_1), P^T 1 = b exp(-g / rho_2). Adding a constant to f
/// that is taken from g leaves the plan as it is: the best one is known in closed form, for given
/// g together with f (Sejourne, Vialard and Peyre, Faster unbalanced optimal transport:
/// translation invariant Sinkhorn and 1-D Frank-Wolfe, 2022). One rho may be infinite.
class SoftMarginals final : public Marginals {
 public:
  SoftMarginals(Vector a, Vector b, double rho_a, double rho_b, bool product_reference);

  void fit_rows(const Vector& soft_minima, RelaxedPoint& at) const override;
  void judge(RelaxedPoint& at) const override;
  Vector fit_columns(const Vector& logs, const RelaxedPoint& at) const override;
  RelaxedCurvature curvature(ConditionalPlan& plan, const RelaxedPoint& at) const override;

  const Vector& a() const { return a_; }
  const Vector& b() const { return b_; }
  double rho_a() const { return rho_a_; }
  double rho_b() const { return rho_b_; }
  /// Potentials relative to R, without the constant that is to be added and taken.
  Vector relative_f(const RelaxedPoint& at) const;
  Vector relative_g(const RelaxedPoint& at) const;
  /// Sum of R.
  double reference_mass() const;

 private:
  Vector a_, b_, log_a_, log_b_;
  double rho_a_, rho_b_;
  bool product_;
};

/// minimise <C, P> + reg sum P log P over P 1 <= a, P^T 1 <= b of a given total mass: potentials
/// f, g <= 0 and a multiplier t of the mass (Benamou, Carlier, Cuturi, Nenna and Peyre, Iterative
/// Bregman projections for regularized transportation problems, 2015). A half step fits
/// the caps of one side and the mass together: row sums are min(a_i, exp((t - T_i) / reg)).
class CappedMarginals final : public Marginals {
 public:
  CappedMarginals(Vector a, Vector b, double mass);

  void fit_rows(const Vector& soft_minima, RelaxedPoint& at) const override;
  void judge(RelaxedPoint& at) const override;
  Vector fit_columns(const Vector& logs, const RelaxedPoint& at) const override;
  RelaxedCurvature curvature(ConditionalPlan& plan, const RelaxedPoint& at) const override;
  Vector project(Vector g) const override { return g.cwiseMin(0.0); }

  const Vector& a() const { return a_; }
  const Vector& b() const { return b_; }
  double mass() const { return mass_; }

 private:
  Vector a_, b_, log_a_, log_b_;
  double mass_;
};

/// t with sum_i min(c_i, exp((t - T_i) / reg)) = mass; the largest breakpoint T_i + reg log c_i
/// where mass is all of sum c.
double capped_level(const Vector& soft_minima, const Vector& log_caps, double mass, double reg);

struct RelaxedBounds {
  double cost = 0.0;         // <C, P>
  double lower = 0.0;        // on the minimum without regularization
  double upper = 0.0;        // objective without regularization of a plan that is allowed
  double regularized = 0.0;  // objective of that plan
};

/// Weak duality, as for transport with fixed sums: bounds.hpp. The plan that is allowed is P itself
/// where deviations are penalised, with columns scaled to b if these are fixed; and P with columns
/// cut at their caps, the mass that is then missing added where there is room.
RelaxedBounds relaxed_bounds(const Cost& cost, const SoftMarginals& marginals,
                             const RelaxedPoint& at);
RelaxedBounds relaxed_bounds(const Cost& cost, const CappedMarginals& marginals,
                             const RelaxedPoint& at);

}  // namespace optlite::transport
