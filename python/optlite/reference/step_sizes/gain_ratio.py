"""The full step of a model, if the decrease is a fair part of what the model predicts.

rho = (f(x) - f(x + p)) / (m(0) - m(p)) >= eta

Conn, Gould and Toint, Trust-region methods, 2000, algorithm 6.1.1; Nocedal and Wright,
Numerical Optimization, 2006, algorithm 4.1.
"""

from .concept import StepSize, gain_ratio


class GainRatio(StepSize):
    """Take a step or not; the model's region learns from the ratio either way."""

    def __init__(self, least_ratio=0.1):
        self.least_ratio = least_ratio

    def prepare(self, direction, at):
        """Ask for a model in a region."""
        if not direction.has_region:
            raise ValueError(
                "step_size='gain_ratio' needs a direction that minimises a model in a region: use "
                "'trust_region' or 'cubic', or step_size='armijo'."
            )

    def advance(self, objective, direction, at, p):
        """Return the first acceptable point, with a smaller region after each failure."""
        self.step = 1.0
        for _ in range(60):
            trial = objective.evaluate(at.x + p)
            ratio = gain_ratio(at, trial, direction.predicted)
            direction.trust(ratio)
            if ratio >= self.least_ratio:
                return trial, p
            p = direction.compute(objective, at)
        return None, p
