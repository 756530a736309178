"""Damped steps: a multiple of I that falls while the quadratic model predicts well.

(B + lambda I) p = -g
rho = (f(x) - f(x + p)) / (p.(lambda p - g) / 2)
lambda <- lambda / 3 if rho > 3/4;  2 lambda if rho < 1/4, 4, 8, ... times in a row of failures

Marquardt, An algorithm for least-squares estimation of nonlinear parameters, 1963; Madsen, Nielsen
and Tingleff, Methods for non-linear least squares problems, 2004.
"""

import numpy as np

from .concept import StepSize, gain_ratio


class LevenbergMarquardt(StepSize):
    """Take the full step of a shifted matrix; no line search."""

    def __init__(self, damping=1e-3):
        self.damping = damping
        self.shift = 0.0  # of the next step; `regularization` is that of the last one

    def prepare(self, direction, at):
        """Shift the matrix of the direction."""
        if not self.shift > 0.0:
            self.shift = self.damping * np.linalg.norm(at.gradient)
        if not direction.regularize(self.shift):
            raise ValueError(
                "step_size='levenberg_marquardt' needs a direction that can shift its Hessian: use "
                "'newton' or 'newton_cg', or step_size='armijo'."
            )

    def advance(self, objective, direction, at, p):
        """Return the first point that is lower, shifting more strongly after each failure."""
        self.step, growth = 1.0, 2.0
        for _ in range(60):
            trial = objective.evaluate(at.x + p)
            ratio = gain_ratio(at, trial, 0.5 * (self.shift * (p @ p) - at.gradient @ p))
            self.regularization = self.shift
            if ratio > 0.75:
                self.shift /= 3.0
            elif not ratio >= 0.25:
                self.shift *= growth
            if ratio > 0.0:
                return trial, p
            growth *= 2.0
            self.prepare(direction, at)
            p = direction.compute(objective, at)
        return None, p
