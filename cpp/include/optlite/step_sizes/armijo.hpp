#pragma once

#include <algorithm>
#include <array>

#include "optlite/step_sizes/concept.hpp"

namespace optlite::step_sizes {

/// Tries the full step, then shorter ones chosen by quadratic interpolation.
///
/// After the first trial, values along the line come from cached margins where the problem keeps
/// them: a shorter step then costs no read of the data until it is accepted.
struct Armijo {
  static constexpr auto doc = "Backtracking from the full step until the decrease is sufficient.";
  static constexpr auto formula = R"(f(x + t p) \le f(x) + c\, t\, g^T p)";
  static constexpr auto reference =
      "Armijo, Minimization of functions having Lipschitz continuous first partial derivatives, "
      "1966; Nocedal and Wright, Numerical Optimization, 2006, algorithm 3.1";

  double c = 1e-4;
  static constexpr auto fields() {
    return std::array{field("c", &Armijo::c, unit_open, "Fraction of the predicted decrease.")};
  }

  class Run final : public StepSize {
   public:
    explicit Run(double c) : c_(c) {}

    bool advance(Objective& objective, Direction& direction, const Point& at, Vector& p,
                 Point& trial) override {
      const double slope = at.gradient.dot(p);
      if (!(slope < 0.0)) return false;
      step_ = 1.0;
      objective.evaluate_step(at, p, direction.margins(), trial);
      while (!std::isfinite(trial.value) && step_ > 1e-30) {
        step_ *= 0.1;
        trial.x = at.x + step_ * p;
        objective.evaluate(trial);
      }
      if (accept(at, trial, p, slope)) return true;
      double t = step_;
      double value = trial.value;
      while (t > 1e-14) {
        t = shorter(t, at.value, slope, value);
        value = objective.line_value(at, trial, t / step_);
        if (value > at.value + rounding_error(at)) continue;
        objective.move_on_line(at, trial, t / step_);
        step_ = t;
        if (accept(at, trial, p, slope)) return true;
      }
      return false;
    }

   private:
    bool accept(const Point& at, const Point& trial, const Vector& p, double slope) const {
      return sufficient_decrease(at, trial, step_, slope, trial.gradient.dot(p), c_);
    }

    /// Minimiser of the parabola through f(0), f'(0) and f(t), kept within [t / 10, t / 2].
    static double shorter(double t, double start, double slope, double value) {
      const double bend = 2.0 * (value - start - t * slope);
      const double best = bend > 0.0 ? -slope * t * t / bend : 0.5 * t;
      return std::clamp(best, 0.1 * t, 0.5 * t);
    }

    double c_;
  };

  std::unique_ptr<StepSize> make() const { return std::make_unique<Run>(c); }
};

}  // namespace optlite::step_sizes
