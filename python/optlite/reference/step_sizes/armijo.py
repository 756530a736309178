"""Backtracking from the full step until the decrease is sufficient.

f(x + t p) <= f(x) + c t g.p

Armijo, Minimization of functions having Lipschitz continuous first partial derivatives, 1966;
Nocedal and Wright, Numerical Optimization, 2006, algorithm 3.1.
"""

import numpy as np

from .concept import StepSize, rounding_error, sufficient_decrease


class Armijo(StepSize):
    """Try the full step, then shorter ones chosen by quadratic interpolation."""

    def __init__(self, c=1e-4):
        self.c = c

    def advance(self, objective, direction, at, p):
        """Return the first acceptable point."""
        slope = at.gradient @ p
        if not slope < 0.0:
            return None, p
        self.step = 1.0
        trial = objective.evaluate(at.x + p)
        while not np.isfinite(trial.value) and self.step > 1e-30:
            self.step *= 0.1
            trial = objective.evaluate(at.x + self.step * p)
        if self.accept(at, trial, p, slope):
            return trial, p
        t, value = self.step, trial.value
        while t > 1e-14:
            t = shorter(t, at.value, slope, value)
            value = objective.line_value(at, trial, t / self.step)
            if value > at.value + rounding_error(at):
                continue
            trial = objective.move_on_line(at, trial, t / self.step)
            self.step = t
            if self.accept(at, trial, p, slope):
                return trial, p
        return None, p

    def accept(self, at, trial, p, slope):
        """Test the condition at the trial point."""
        return sufficient_decrease(at, trial, self.step, slope, trial.gradient @ p, self.c)


def shorter(t, start, slope, value):
    """Minimise the parabola through f(0), f'(0) and f(t), kept within [t / 10, t / 2]."""
    bend = 2.0 * (value - start - t * slope)
    best = -slope * t * t / bend if bend > 0.0 else 0.5 * t
    return min(max(best, 0.1 * t), 0.5 * t)
