// Cox's partial likelihood, as a loss of margins z, the logarithms of relative hazards:
//     sum_i s_i e_i (log sum_{j: t_j >= t_i} v_j exp(z_j) - z_i),
// with times t, events e (1 where one was observed, 0 where the sample is censored) and weights s;
// v = n s, so that equal weights are ones there. Ties share their risk set (Breslow, Covariance
// analysis of censored survival data, 1974).
//
// With p_ij the share of sample j in the sum of event i, the derivative is sum_i s_i e_i (p_i -
// e_i) and the second derivative sum_i s_i e_i (diag(p_i) - p_i p_i^T): its products with columns
// are found in one walk through the samples by time each. All sums run in logarithms, so that no
// risk set underflows.
#pragma once

#include <vector>

#include "optlite/drivers/sparse_model.hpp"

namespace optlite {

class PartialLikelihood final : public MarginLoss {
 public:
  /// weight: of sum one, each > 0 somewhere; event: not zero where observed.
  PartialLikelihood(const Vector& time, const Vector& event, Vector weight);

  Index samples() const override { return weight_.size(); }
  Index outputs() const override { return 1; }
  bool is_quadratic() const override { return false; }
  bool has_gap() const override { return true; }
  double curvature_bound() const override { return infinity; }
  double weight(Index sample) const override { return weight_[sample]; }
  double value(const Matrix& Z) const override;
  double differentiate(Matrix& Z) const override;
  double gap(const Matrix& Z, double t) const override;
  void expand(const Matrix& Z) override;
  Vector curvature(Index a, Index b) const override;
  void couple(const ColumnDesign& X, const Columns& list, const Vector& shift,
              Matrix& H) const override;
  bool ignores_shifts() const override { return true; }

 private:
  /// Samples of one time: a range of `order_`, and the weight of its events.
  struct Moment {
    Index begin, end;
    double events;
  };

  double exponent(const Matrix& Z, Index sample) const {
    return log_weight_[sample] + Z(sample, 0);
  }
  /// log sum_{j in risk set} v_j exp(z_j) at each moment.
  Vector log_totals(const Matrix& Z) const;
  /// Of each sample: the sum over events of s_i p_ij.
  Vector shares(const Matrix& Z, const Vector& log_totals) const;

  Vector weight_;
  Vector log_weight_;         // log v; minus infinity for a weight of zero
  Vector event_weight_;       // s_i e_i
  std::vector<Index> order_;  // samples, the latest first
  std::vector<Moment> moments_;
  Vector curvature_;
  Vector entering_;  // share of a sample in the risk set that it has just joined, by order
};

}  // namespace optlite
