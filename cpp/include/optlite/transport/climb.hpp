// Along a direction in which a concave function rises, to a point that is better.
#pragma once

#include <algorithm>
#include <utility>

namespace optlite::transport {

/// Goes to the first point on the way that is better; false if there is none. try_step(step, point)
/// evaluates a point and returns how much its value would rise if the model were linear. Where
/// parts of a plan hardly touch, Newton's matrix is nearly singular and the way long, but an
/// exponential is no parabola: then `first` < 1, and the step is doubled as long as the value
/// rises.
template <class Point, class Try>
bool climb(Point& at, double first, double rounding, double& step, Try&& try_step) {
  Point trial = at;
  for (step = first; step > 1e-8 * first; step *= 0.5) {
    const double slope = try_step(step, trial);
    const bool rises = slope > 0.0 && trial.value >= at.value + 1e-4 * slope;
    const bool level = trial.value >= at.value - rounding && trial.error < at.error;
    if (!rises && !level) continue;
    bool current = true;  // whether the plan in memory is that of the trial
    while (step < 1.0 && first < 1.0) {
      Point longer = at;
      const double far = std::min(1.0, 2.0 * step);
      try_step(far, longer);
      current = longer.value > trial.value;
      if (!current) break;
      std::swap(trial, longer);
      step = far;
    }
    if (!current) try_step(step, trial);
    std::swap(at, trial);
    return true;
  }
  return false;
}

}  // namespace optlite::transport
