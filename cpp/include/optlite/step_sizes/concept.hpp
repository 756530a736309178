// What a file in this folder declares: how far to go along a direction, or how strongly to
// regularize it, so that the objective decreases from anywhere.
//
//     static constexpr auto doc, formula, reference;
//     std::unique_ptr<StepSize> make() const;
#pragma once

#include <cmath>
#include <memory>
#include <vector>

#include "optlite/directions/concept.hpp"

namespace optlite {

class StepSize {
 public:
  virtual ~StepSize() = default;

  /// Called before the direction is computed at a new point.
  virtual void prepare(Direction&, const Point& /*at*/) {}

  /// trial <- an accepted, evaluated point on the way from `at` along p; false if there is none.
  virtual bool advance(Objective& objective, Direction& direction, const Point& at, Vector& p,
                       Point& trial) = 0;

  double step() const { return step_; }
  virtual double regularization() const { return regularization_; }

 protected:
  double step_ = 0.0;
  double regularization_ = 0.0;
};

struct StepSizeRow {
  Record record;
  std::unique_ptr<StepSize> (*make)(const std::vector<double>& fields);
};

const std::vector<StepSizeRow>& step_size_table();

template <class Part>
StepSizeRow make_step_size_row(const Entry<Part>& entry) {
  return {describe("step_sizes", entry),
          [](const std::vector<double>& fields) { return make_part<Part>(fields).make(); }};
}

/// Whether a run may go on from there: without a gradient there is no next direction.
inline bool is_finite(const Point& p) { return std::isfinite(p.value) && p.gradient.allFinite(); }

/// A change of the value that is no more than rounding.
inline double rounding_error(const Point& at) { return 64.0 * at.precision * std::fabs(at.value); }

/// Sufficient decrease at step t, with a form that rounding cannot spoil near the minimum: where
/// the values agree to the last digits, the slope at the trial point decides (Hager and Zhang, A
/// new conjugate gradient method with guaranteed descent, 2005).
inline bool sufficient_decrease(const Point& at, const Point& trial, double t, double slope,
                                double trial_slope, double constant) {
  if (!is_finite(trial)) return false;
  if (trial.value <= at.value + constant * t * slope) return true;
  return trial.value <= at.value + rounding_error(at) &&
         trial_slope <= (2.0 * constant - 1.0) * slope;
}

/// Actual over predicted decrease. At the last digits of the value the gradient tells progress from
/// noise (Conn, Gould and Toint, Trust-region methods, 2000, have the problem).
inline double gain_ratio(const Point& at, const Point& trial, double predicted) {
  if (!is_finite(trial)) return -infinity;
  const double rounding = rounding_error(at);
  const double actual = at.value - trial.value;
  if (predicted > rounding || std::fabs(actual) > rounding) return actual / predicted;
  return trial.gradient.norm() < at.gradient.norm() ? 1.0 : 0.0;
}

}  // namespace optlite
