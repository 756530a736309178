// A loss, a data matrix and a penalty, made one smooth objective:
//
//     F(w, b) = (1/S) sum_i s_i l(w . x_i + b, y_i) + alpha sum_j h(w_j),      S = sum_i s_i.
//
// The intercept b is never penalised. With K outputs, w and b have K columns.
//
// Solvers see scaled and centred variables theta without X being touched:
//
//     z = X w + b = Z theta + c,   Z = (X - 1 shift^T) diag(scale),
//     w = diag(scale) theta,       b = c - shift . w.
//
// The optimum in (w, b) is the same; only the solver's geometry changes. The penalty stays in w.
// Layout of theta: for each output, the features and then c (if there is an intercept).
#pragma once

#include <algorithm>
#include <vector>

#include "optlite/linalg/metric.hpp"
#include "optlite/objectives/concept.hpp"
#include "optlite/operators/design.hpp"
#include "optlite/penalties/concept.hpp"
#include "optlite/problems/objective.hpp"
#include "optlite/problems/output_curvature.hpp"

namespace optlite {

struct ModelOptions {
  std::vector<double> fields;    // hyper-parameters of the loss
  Index outputs = 1;             // K
  bool intercept = false;
  double alpha = 0.0;            // strength of the penalty
  const PenaltyRow* penalty = nullptr;  // squared_l2 when null
};

class GeneralizedLinear final : public Objective {
 public:
  /// y: n targets. weight: n sample weights, or null for ones. Both are kept by reference.
  GeneralizedLinear(const Design& design, const ObjectiveRow& loss, const double* y,
                    const double* weight, ModelOptions options);

  /// Sets shift (only with an intercept) and scale from the weighted mean and deviation.
  void standardize(const Vector& mean, const Vector& deviation);

  Index dimension() const override {
    return (features() + (options_.intercept ? 1 : 0)) * outputs();
  }
  Index features() const { return design_.cols(); }
  Index outputs() const { return options_.outputs; }
  bool intercept() const { return options_.intercept; }
  double alpha() const { return options_.alpha; }
  double total_weight() const { return total_weight_; }
  const Design& design() const { return design_; }
  const Vector& shift() const { return shift_; }
  const Vector& scale() const { return scale_; }
  const double* weight() const { return weight_; }
  const ObjectiveRow& loss() const { return loss_; }
  const ModelOptions& options() const { return options_; }
  const double* targets() const { return y_; }

  /// Uses the scaling of another model of the same columns.
  void share_scaling(const GeneralizedLinear& other) {
    shift_ = other.shift_;
    scale_ = other.scale_;
  }

  /// Back to the caller's variables.
  void reset_scaling() {
    shift_.resize(0);
    scale_.resize(0);
    second_moments_.resize(0);
    reference_metric_ = nullptr;
    reference_margins_.resize(0, 0);
  }

  /// Saves a read of X when the columns' moments are known. Call it after standardize().
  void set_moments(const Vector& variance, const Vector& mean);

  /// theta for coefficients (w, b) in the caller's units, and back. Same layout.
  Vector to_internal(const Vector& coefficients) const;
  Vector to_external(const Vector& theta) const;

  void evaluate(Point& p) override;
  double line_value(const Point& a, const Point& b, double t) override;
  void move_on_line(const Point& a, Point& b, double t) override;
  void evaluate_step(const Point& a, const Vector& p, const Matrix& margins, Point& b) override;
  void hessian_product(const Point& p, const Matrix& V, Matrix& out, Matrix* margins) override;
  void hessian(const Point& p, Matrix& H) override;
  void fill_null_space(Matrix& H) override;

  /// The lower triangle of the Hessian; in `single` precision at half of the cost, where X is
  /// dense. What left the range of a float is infinite or zero then.
  void hessian(const Point& p, bool single, Matrix& H);

  /// evaluate() and hessian() in one read of X where that is possible; one output only. In `single`
  /// precision H is a lower bound of the Hessian (in the order of matrices), see the source file.
  void evaluate_with_hessian(Point& p, bool single, Matrix& H);

  void hessian_diagonal(const Point& p, Vector& diagonal) override;

  /// The bound from the reference Hessian, if one is set and near, else duality_gap().
  double certificate(const Point& p) override;
  double certificate_below(const Point& p, double enough) override;
  double closer_certificate(const Point& p, double known, double enough) override {
    return std::min(known, certificate_below(p, enough));
  }

  /// With penalty squared_l2, alpha > 0: a bound on the duality gap (see the source file).
  double duality_gap(const Point& p);

  /// out = (1/S) sum_i s_i J_i^T B_i J_i V, plus the curvature of the penalty at x if `penalised`.
  void curvature_product(const Vector& x, const OutputCurvature& B, const Matrix& V, bool penalised,
                         Matrix& out);
  /// out = J V and J^T U: see Linearization. Without scaled variables.
  void jacobian_product(const Matrix& V, Matrix& out);
  void jacobian_transposed_product(const Matrix& U, Matrix& out);

  /// Declares `metric` to be the Hessian at `reference` (in theta, margins kept). Later points get
  /// a bound on their Newton decrement from it without another Hessian. Kept by reference.
  void set_reference(const Point& reference, const Metric* metric);

  /// The diagonal that the penalty adds to the Hessian at x: features x outputs.
  Matrix penalty_curvature(const Vector& x) const;

  /// Mean over samples of the K x K second derivative in the margins.
  Matrix mean_curvature(const Point& p);

  /// Margins X w + b at p (n x K), computed if they were not kept.
  Matrix margins(const Point& p);

  /// Upper bound on the largest eigenvalue of the Hessian anywhere; infinite for Poisson.
  double lipschitz();

  Vector gram_product(const Vector& v);

  /// The Gram matrix of the scaled and centred columns with weights q.
  Design::Gram gram_task(const double* q) const;

 private:
  Index stride() const { return features() + (options_.intercept ? 1 : 0); }
  bool keeps_margins() const;
  void unpack(const Eigen::Ref<const Vector>& theta, Matrix& W, Vector& offset) const;
  void unpack_block(const Matrix& V, Matrix& coefficients, Vector& offsets) const;
  void finish_products(const Vector& x, const Matrix& V, const Matrix& sums, bool penalised,
                       Matrix& G, Matrix& out) const;
  void finish_gradient(const Matrix& W, Matrix& G, const Vector& residual_sums, Point& p) const;
  Vector column_units() const;
  void single_gram(const double* q, const Vector& unit, Matrix& gram) const;
  bool diagonal_holds(const double* q, const Matrix& gram);
  double penalty_value(const Matrix& W) const;
  double weight_gradient_norm(const Point& p) const;
  bool has_gap() const {
    return options_.alpha > 0.0 && options_.penalty->record.name == "squared_l2";
  }
  double gap_of_intercepts(const Point& p, const Matrix& inverse);
  double gap_through_intercepts(const Point& p, const Matrix& inverse);
  using Read = FunctionRef<void(const Matrix& W, Design::Middle middle, Matrix& G)>;
  void evaluate(Point& p, double* curvature, Read read);
  void evaluate_from_margins(Point& p);
  const Vector& second_moments();
  double reference_decrement(const Point& p) const;
  void for_margins(const Point& p, FunctionRef<void(Index, Index, double*)> body);

  const Design& design_;
  const ObjectiveRow& loss_;
  const double* y_;
  const double* weight_;
  ModelOptions options_;
  double total_weight_ = 0.0;
  Vector shift_;  // empty when zero
  Vector scale_;  // empty when one
  Matrix reference_margins_;
  const Metric* reference_metric_ = nullptr;
  Vector second_moments_;  // weighted means of (x_j - shift_j)^2; empty until known
};

}  // namespace optlite
