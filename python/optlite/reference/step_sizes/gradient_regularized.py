"""Newton steps with the Hessian shifted in proportion to the gradient norm.

x_{k+1} = x_k - (H_k + lambda_k I)^-1 g_k,   lambda_k = ||g_k|| / gamma_k,
accepted when  f_k - f_{k+1} >= ||g_{k+1}||^2 / (8 lambda_k)

gamma doubles after a success and halves after a failure. lambda vanishes with the gradient, so the
last steps are Newton's own.

Semenov, Jaggi and Doikov, Gradient-normalized smoothness for optimization with approximate
Hessians, 2026.
"""

import numpy as np

from .concept import StepSize, is_finite, rounding_error


class GradientRegularized(StepSize):
    """Take the full step of a shifted Hessian; no line search."""

    def __init__(self, gamma=1.0):
        self.gamma = gamma

    def prepare(self, direction, at):
        """Shift the Hessian of the direction."""
        self.regularization = np.linalg.norm(at.gradient) / self.gamma
        if not direction.regularize(self.regularization):
            raise ValueError(
                "step_size='gradient_regularized' needs a direction that can shift its Hessian: "
                "use 'newton' or 'newton_cg', or step_size='armijo'."
            )

    def advance(self, objective, direction, at, p):
        """Return the first acceptable point, shifting more strongly after each failure."""
        self.step = 1.0
        for _ in range(60):
            trial = objective.evaluate(at.x + p)
            if self.accept(at, trial):
                self.gamma *= 2.0
                return trial, p
            self.gamma *= 0.5
            self.prepare(direction, at)
            p = direction.compute(objective, at)
        return None, p

    def accept(self, at, trial):
        """Test the decrease; at the last digits of the value, the gradient decides."""
        if not is_finite(trial):
            return False
        needed = trial.gradient @ trial.gradient / (8.0 * self.regularization)
        if at.value - trial.value >= needed:
            return True
        rounding = rounding_error(at)
        return (
            needed <= rounding
            and trial.value <= at.value + rounding
            and np.linalg.norm(trial.gradient) < np.linalg.norm(at.gradient)
        )
