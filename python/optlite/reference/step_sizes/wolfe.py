"""A line search for sufficient decrease and a slope that has become flat.

f(x + t p) <= f(x) + c1 t g.p,   |f'(x + t p) . p| <= c2 |g.p|

The step is enclosed: at `low` the decrease is sufficient and the slope still steep, at `high` one
of both is not so. In between, a step that meets both conditions exists.

Wolfe, Convergence conditions for ascent methods, 1969; Nocedal and Wright, Numerical Optimization,
2006, section 3.5.
"""

import collections

import numpy as np

from .concept import StepSize, sufficient_decrease

End = collections.namedtuple("End", "t value slope")


class Wolfe(StepSize):
    """Search along the direction until both conditions hold."""

    def __init__(self, c1=1e-4, c2=0.1):
        self.c1, self.c2 = c1, c2
        self.slope = 0.0  # of the last step at its start

    def advance(self, objective, direction, at, p):
        """Return a point that meets both conditions."""
        slope = at.gradient @ p
        if not slope < 0.0:
            return None, p
        low, high = End(0.0, at.value, slope), End(np.inf, 0.0, 0.0)
        t = self.first_step(direction, at, p, slope)
        good = 0.0  # the last step with a sufficient decrease
        for _ in range(80):
            trial = objective.evaluate(at.x + t * p)
            end = End(t, trial.value, trial.gradient @ p)
            decreased = sufficient_decrease(at, trial, t, slope, end.slope, self.c1)
            good = t if decreased else good
            if decreased and abs(end.slope) <= -self.c2 * slope:
                break
            is_over = not decreased or not end.slope < 0.0
            low, high = (low, end) if is_over else (end, high)
            is_enclosed = high.t < np.inf
            after = between(low, high) if is_enclosed else beyond(end, slope)
            if is_enclosed and (after == t or high.t - low.t <= 1e-14 * high.t):
                break
            t = after
        # Where rounding, or the end of the domain, leaves no flat slope, a decrease is enough.
        if good == 0.0:
            return None, p
        if not np.array_equal(trial.x, at.x + good * p):
            trial = objective.evaluate(at.x + good * p)
        self.step, self.slope = good, slope
        return trial, p

    def first_step(self, direction, at, p, slope):
        """Return 1, or the step whose first-order change is that of the last one."""
        if direction.has_length:
            return 1.0
        if self.step > 0.0:
            return self.step * self.slope / slope
        return max(1.0, np.abs(at.x).max()) * 0.01 / np.abs(p).max()


def between(low, high):
    """Return where a straight slope, or else a parabola, has its zero; not too close to an end."""
    width, part = high.t - low.t, 0.5
    if np.isfinite(high.value) and high.slope > 0.0:
        part = low.slope / (low.slope - high.slope)
    elif np.isfinite(high.value):
        bend = 2.0 * (high.value - low.value - width * low.slope)
        if bend > 0.0:
            part = -low.slope * width / bend
    return low.t + width * min(max(part, 0.02), 0.98)


def beyond(end, slope):
    """Return a larger step, where the slope would vanish, but at most ten times this one."""
    ratio = slope / (slope - end.slope) if slope != end.slope else 10.0
    return end.t * (max(ratio, 1.02) if 0.0 < ratio < 10.0 else 10.0)
