"""What a step size can do, and when a decrease is sufficient."""

import numpy as np


class StepSize:
    """Turn a direction into a step that decreases the objective."""

    step = 0.0
    regularization = 0.0

    def prepare(self, direction, at):
        """Do what must come before the direction is computed at ``at``."""

    def advance(self, objective, direction, at, p):
        """Return (trial, p): an accepted, evaluated point, or None; and the direction used."""
        raise NotImplementedError


def is_finite(point):
    """Say whether a run may go on from there: without a gradient there is no next direction."""
    return bool(np.isfinite(point.value) and np.isfinite(point.gradient).all())


def rounding_error(at):
    """Return the change of the value that is no more than rounding."""
    return 64.0 * at.precision * abs(at.value)


def sufficient_decrease(at, trial, t, slope, trial_slope, c):
    """Test Armijo's condition at step t.

    f(x + t p) <= f(x) + c t g.p

    Where the values agree to the last digits, the slope at the trial point decides instead (Hager
    and Zhang, A new conjugate gradient method with guaranteed descent, 2005).
    """
    if not is_finite(trial):
        return False
    if trial.value <= at.value + c * t * slope:
        return True
    flat = trial.value <= at.value + rounding_error(at)
    return flat and trial_slope <= (2.0 * c - 1.0) * slope


def gain_ratio(at, trial, predicted):
    """Return actual / predicted decrease; at the last digits of the value the gradient decides."""
    if not is_finite(trial):
        return -np.inf
    rounding, actual = rounding_error(at), at.value - trial.value
    if predicted > rounding or abs(actual) > rounding:
        return actual / predicted
    return 1.0 if np.linalg.norm(trial.gradient) < np.linalg.norm(at.gradient) else 0.0
