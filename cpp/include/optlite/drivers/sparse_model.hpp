// Any loss of the registry with any of its penalties:
//     min_{W, b}  sum_i s_i l(W^T x_i + b, y_i) + P(W),
// with one column of W for each margin of the loss. P sums strength_j h over single coefficients,
// strength_g h over groups of features (all margins together), or is h of all coefficients.
//
// Proximal Newton on a working set: each step minimises the second-order model of the loss plus the
// penalty, with the intercepts eliminated, and is taken if the objective falls as it should;
// otherwise the model is made steeper. Most columns outside are not read: a product with an earlier
// residual bounds the one with the present residual, by Cauchy and Schwarz, and where loss and
// penalty are convex those that no solution can have are dropped (gap-safe screening). A penalty
// need not be convex: what is found then is a point from which no step of this kind, and no change
// of one coefficient in the model, leads down.
//
// Certificate, if loss and penalty have conjugates: with u = -t s l'(z), c = X^T u and the largest
// t <= 1 for which h* is finite at all of them, u is a point of the dual problem (the intercepts
// and coefficients without penalty are at their best, so that u sums to zero, as its products with
// their columns do), and the duality gap is a sum of terms that are not
// negative and do not cancel,
//     sum_i s_i (l + l*(t l') - t l' z) + sum_b (P_b(w) + P_b*(t c_b) - t c_b . w_b).
// Otherwise: the largest distance of minus a partial derivative of the loss from the
// subdifferential of the penalty, divided by the largest derivative at W = 0. At a zero where the
// subdifferential is everything: how far the coefficient would go, times its curvature.
#pragma once

#include <vector>

#include "optlite/drivers/elastic_net.hpp"
#include "optlite/objectives/concept.hpp"
#include "optlite/penalties/concept.hpp"

namespace optlite {

/// What the solver has to know of a loss, at margins Z (samples x outputs).
class MarginLoss {
 public:
  virtual ~MarginLoss() = default;

  virtual Index samples() const = 0;
  virtual Index outputs() const = 0;
  virtual bool is_quadratic() const = 0;
  virtual bool has_gap() const = 0;
  /// Of one sample of weight one; may be infinite.
  virtual double curvature_bound() const = 0;
  virtual double weight(Index sample) const = 0;
  Vector weights() const {
    return Vector::NullaryExpr(samples(), [this](Index i) { return weight(i); });
  }

  virtual double value(const Matrix& Z) const = 0;
  /// Returns the value; Z becomes minus the derivative.
  virtual double differentiate(Matrix& Z) const = 0;
  /// sum_i s_i (l + l*(t l') - t l' z).
  virtual double gap(const Matrix& Z, double t) const = 0;

  /// Remembers the second derivatives at Z.
  virtual void expand(const Matrix& Z) = 0;
  /// Of each sample in its margins a and b, weights included.
  virtual Vector curvature(Index a, Index b) const = 0;
  /// Adds to Z^T diag(curvature) Z what mixed derivatives of two samples contribute, with
  /// Z = X - 1 shift^T. One output.
  virtual void couple(const ColumnDesign&, const Columns&, const Vector& /*shift*/,
                      Matrix& /*H*/) const {}
  /// Whether a common shift of all margins changes nothing, so that intercepts have no meaning.
  virtual bool ignores_shifts() const { return false; }
};

/// A loss of the registry.
class RowLoss final : public MarginLoss {
 public:
  /// weight: not null.
  RowLoss(const ObjectiveRow& row, std::vector<double> fields, Vector y, Vector weight,
          Index outputs);

  Index samples() const override { return y_.size(); }
  Index outputs() const override { return outputs_; }
  bool is_quadratic() const override { return row_.self_concordance == 0.0; }
  bool has_gap() const override { return row_.gap != nullptr; }
  double curvature_bound() const override { return row_.curvature_bound(fields_); }
  double weight(Index sample) const override { return weight_[sample]; }
  double value(const Matrix& Z) const override;
  double differentiate(Matrix& Z) const override;
  double gap(const Matrix& Z, double t) const override;
  void expand(const Matrix& Z) override;
  Vector curvature(Index a, Index b) const override;

 private:
  const ObjectiveRow& row_;
  std::vector<double> fields_;
  Vector y_;
  Vector weight_;
  Index outputs_;
  Matrix state_;
};

struct SparsePenalty {
  const PenaltyRow* row;
  std::vector<double> fields;
  std::vector<Columns> groups;  // of features; empty unless the penalty is of groups
  Vector strengths;  // of coefficients, or groups; a single one for a penalty of ranks
};

struct SparseModelOptions {
  double tolerance = 1e-8;
  Index max_iterations = 100;  // Newton steps
  double lowest = 0.0;  // a bound from below on the loss: the gap is relative to what is above it
};

struct SparseModelFit {
  Matrix coefficients;  // features x outputs
  Vector intercepts;
  double value = 0.0;
  double gap = infinity;  // infinite where none is known
  double violation = infinity;  // relative, of the conditions for an optimum
  double relative_gap = infinity;  // the certificate: gap / value, or the violation
  bool has_gap = false;
  std::vector<Index> dropped;  // coefficients proven to be zero: feature + output * features
  Index n_iter = 0;
  Status status = Status::running;
};

/// One fit for each factor > 0 on the strengths, each started at the one before. `data`: X without
/// weights; its intercept is the model's. `start` (features x outputs, and the intercepts below)
/// may be empty.
std::vector<SparseModelFit> fit_sparse_models(ElasticNetData& data, MarginLoss& loss,
                                              const SparsePenalty& penalty,
                                              const std::vector<double>& factors,
                                              const Matrix& start,
                                              const SparseModelOptions& options);

/// The smallest factor on the strengths with which all coefficients that have a penalty are zero;
/// infinite if there is none. Of a penalty without a slope at zero: where zero is best for each.
double largest_sparse_factor(ElasticNetData& data, MarginLoss& loss, const SparsePenalty& penalty);

}  // namespace optlite
