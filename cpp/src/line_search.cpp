#include "optlite/boosting/line_search.hpp"

#include <algorithm>
#include <cmath>

namespace optlite::boosting {

namespace {

constexpr double furthest_step = 256.0;  // that is doubled
constexpr double shortest_step = 1e-60;
constexpr double accuracy =
    1e-4;  // of Newton's step; a gain of its square is not worth another one
constexpr int most_slopes = 60;  // each of them halves the slope or the bracket

/// The steps that doubling and halving try.
struct Tried {
  double falling = 0.0;  // the one that doubling takes
  double lowest = 0.0, score;  // the one with the lowest score
  double below = 0.0, score_below;  // the one before it
  double above = 0.0;  // the one behind it, or, if there is none, the longest one
  bool above_tried = true;
};

bool finite_and_below(double score, double bound) { return std::isfinite(score) && score < bound; }

Tried try_steps(const Line& line) {
  Tried tried;
  tried.score = tried.score_below = line.start;
  double step = 1.0, before = 0.0, score_before = line.start;
  double score = line.score(step);
  while (std::isfinite(score) && score <= line.start) {
    if (score < line.start) tried.falling = step;
    const bool last = 2.0 * step > line.longest || step > furthest_step;
    if (score < tried.score) {
      const double end = step > furthest_step ? step : std::max(step, line.longest);
      tried = {tried.falling, step, score, before, score_before, last ? end : 2.0 * step, !last};
    }
    if (last) break;
    before = step;
    score_before = score;
    step *= 2.0;
    score = line.score(step);
  }
  while (tried.falling == 0.0 && line.size * step >= line.tol && step >= shortest_step) {
    step *= 0.5;
    score = line.score(step);
    if (finite_and_below(score, line.start)) {
      tried = {step, step, score, 0.0, line.start, 2.0 * step, true};
    }
  }
  return tried;
}

}  // namespace

double doubled_step(const Line& line) { return try_steps(line).falling; }

double newton_step(const Line& line) {
  const Tried tried = try_steps(line);
  if (tried.lowest == 0.0) return 0.0;
  double low = tried.below, high = tried.above, step = tried.lowest;
  bool open = !tried.above_tried;  // the score may fall up to the longest step
  double slope = line.slope(step), last_slope = HUGE_VAL;
  const double gained = line.start - tried.score, width = step - low;
  double curvature = 2.0 * (tried.score_below - tried.score + slope * width) / (width * width);
  for (int i = 0; i < most_slopes; ++i) {
    // slope^2 / (2 curvature) is what is left to gain.
    if (slope == 0.0 || slope * slope < 2.0 * accuracy * accuracy * gained * curvature) break;
    (slope < 0.0 ? low : high) = step;
    if (slope > 0.0) open = false;
    if (high - low <= accuracy * high) break;
    double next = step - slope / curvature;
    const bool fast = curvature > 0.0 && std::fabs(slope) <= 0.5 * std::fabs(last_slope);
    if (!(fast && next > low && next < high)) {
      next = open ? high : 0.5 * (low + high);
      open = false;
    }
    last_slope = slope;
    slope = line.slope(next);
    curvature = (slope - last_slope) / (next - step);
    if (!std::isfinite(slope)) slope = HUGE_VAL;  // beyond where the score is finite
    if (!std::isfinite(curvature)) curvature = 0.0;
    step = next;
  }
  if (step == tried.lowest) return step;
  return finite_and_below(line.score(step), tried.score) ? step : tried.lowest;
}

}  // namespace optlite::boosting
