#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "optlite/step_sizes/concept.hpp"

namespace optlite::step_sizes {

/// A line search that also asks for a flat enough slope at its end, so that the gradients of two
/// points tell the curvature between them. Small c2: a nearly exact search.
///
/// The step is enclosed: at `low` the decrease is sufficient and the slope still steep, at `high`
/// one of both is not so. In between, a step that meets both conditions exists.
struct Wolfe {
  static constexpr auto doc =
      "A line search for sufficient decrease and a slope that has become flat.";
  static constexpr auto formula =
      R"(f(x + t p) \le f(x) + c_1\, t\, g^T p, \quad
      \lvert \nabla f(x + t p)^T p \rvert \le c_2\, \lvert g^T p \rvert)";
  static constexpr auto reference =
      "Wolfe, Convergence conditions for ascent methods, 1969; Nocedal and Wright, Numerical "
      "Optimization, 2006, section 3.5";

  double c1 = 1e-4;
  double c2 = 0.1;
  static constexpr auto fields() {
    return std::array{
        field("c1", &Wolfe::c1, unit_open, "Fraction of the predicted decrease."),
        field("c2", &Wolfe::c2, unit_open, "Fraction of the slope that may be left; above c1.")};
  }

  static constexpr std::array rising{"c1", "c2"};  // else no step need meet both conditions

  class Run final : public StepSize {
   public:
    Run(double c1, double c2) : c1_(c1), c2_(c2) {}

    bool advance(Objective& objective, Direction& direction, const Point& at, Vector& p,
                 Point& trial) override {
      const double slope = at.gradient.dot(p);
      if (!(slope < 0.0)) return false;
      End low{0.0, at.value, slope};
      End high{infinity, 0.0, 0.0};
      double t = first_step(direction, at, p, slope);
      double good = 0.0;  // the last step with a sufficient decrease
      for (int attempt = 0; attempt < 80; ++attempt) {
        trial.x = at.x + t * p;
        objective.evaluate(trial);
        const End end{t, trial.value, trial.gradient.dot(p)};
        const bool decreased = sufficient_decrease(at, trial, t, slope, end.slope, c1_);
        if (decreased) good = t;
        if (decreased && std::fabs(end.slope) <= -c2_ * slope) break;
        const bool is_over = !decreased || !(end.slope < 0.0);
        (is_over ? high : low) = end;
        const bool is_enclosed = high.t < infinity;
        const double next = is_enclosed ? between(low, high) : beyond(end, slope);
        if (is_enclosed && (next == t || high.t - low.t <= 1e-14 * high.t)) break;
        t = next;
      }
      // Where rounding, or the end of the domain, leaves no flat slope, a decrease is enough.
      if (good == 0.0) return false;
      if (trial.x != at.x + good * p) {
        trial.x = at.x + good * p;
        objective.evaluate(trial);
      }
      step_ = good;
      slope_ = slope;
      return true;
    }

   private:
    struct End {
      double t, value, slope;
    };

    /// 1, or such that the first-order change is that of the last step (Nocedal and Wright, section
    /// 3.5, on the initial step length).
    double first_step(const Direction& direction, const Point& at, const Vector& p,
                      double slope) const {
      if (direction.has_length()) return 1.0;
      if (step_ > 0.0) return step_ * slope_ / slope;
      return std::max(1.0, at.x.cwiseAbs().maxCoeff()) * 0.01 / p.cwiseAbs().maxCoeff();
    }

    /// Where a straight slope, or else a parabola, has its zero; not too close to an end.
    static double between(const End& low, const End& high) {
      const double width = high.t - low.t;
      double part = 0.5;
      if (std::isfinite(high.value) && high.slope > 0.0) {
        part = low.slope / (low.slope - high.slope);
      } else if (std::isfinite(high.value)) {
        const double bend = 2.0 * (high.value - low.value - width * low.slope);
        if (bend > 0.0) part = -low.slope * width / bend;
      }
      // Of an exact search the answer may lie near an end: only halves in the worst case are lost.
      return low.t + width * std::clamp(part, 0.02, 0.98);
    }

    /// Further out, to where the slope would vanish, but two to ten times as far at least and most.
    static double beyond(const End& end, double slope) {
      const double ratio = slope / (slope - end.slope);
      return end.t * (ratio > 0.0 && ratio < 10.0 ? std::max(ratio, 1.02) : 10.0);
    }

    double c1_, c2_;
    double slope_ = 0.0;
  };

  std::unique_ptr<StepSize> make() const { return std::make_unique<Run>(c1, c2); }
};

}  // namespace optlite::step_sizes
