// Entropic transport with relaxed sums: Newton's method on the target potentials, some of which a
// bound may hold.
#pragma once

#include "optlite/drivers/staged_run.hpp"
#include "optlite/transport/relaxed.hpp"

namespace optlite {

class RelaxedTransportRun final : public StagedRun {
 public:
  /// Starts at zero potentials. The plan and the marginals must outlive the run.
  RelaxedTransportRun(transport::ConditionalPlan& plan, const transport::Marginals& marginals,
                      double reg, double scale, bool newton, TransportOptions options);

  const transport::RelaxedPoint& current() const { return at_; }

 protected:
  State state() const override;
  void evaluate_at(double reg) override;
  void sweep() override;
  bool newton_step(double goal) override;
  Matrix potentials_of_stage() const override { return at_.g; }
  void set_potentials(const Matrix& potentials) override { at_.g = potentials; }

 private:
  void evaluate(transport::RelaxedPoint& at);
  Vector apply(const transport::RelaxedCurvature& curve, const Vector& y);
  Vector direction(double goal);
  bool conjugate_gradients(const transport::RelaxedCurvature& curve, const Vector& free,
                           Vector residual, double enough, Index limit, Vector& y);
  Vector eliminate(const transport::RelaxedCurvature& curve, const Vector& free,
                   const Vector& right);

  transport::ConditionalPlan& plan_;
  const transport::Marginals& marginals_;
  transport::RelaxedPoint at_;
  bool cut_off_ = false;  // the last system was not solved as well as it should be
  Index patience_ = 0;    // products that a step is worth
};

}  // namespace optlite
