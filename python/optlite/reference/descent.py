"""The loop "direction, then step", as in cpp/include/optlite/drivers/descent.hpp.

while the certificate is above the tolerance:
    p <- direction(x);   x <- x + t p  with t from the step size
"""

import time

import numpy as np

SENTENCES = {
    "running": "The run has not ended.",
    "converged": "The certificate reached the tolerance.",
    "estimated": "The method's own estimate of the error reached the tolerance.",
    "stationary": "The scaled gradient reached the tolerance: a stationary point.",
    "iteration_limit": "The iteration limit came before the tolerance.",
    "precision_limit": "No step decreases the objective any more: it is at the rounding error of "
    "the data.",
    "line_search_failed": "No step along the direction was acceptable.",
    "not_finite": "The objective is not finite at the start.",
}


class Descent:
    """Run a direction with a step size, one iteration at a time.

    Parameters
    ----------
    objective : optlite.reference.generalized_linear.GeneralizedLinear
        Or anything with its methods.
    direction : Direction
    step_size : StepSize
    x0 : ndarray of shape (dimension,)
    tolerance : float
        On ``certificate / abs(value)``.
    max_iterations : int
    """

    def __init__(self, objective, direction, step_size, x0, tolerance=1e-8, max_iterations=100):
        self.objective = objective
        self.rule = direction
        self.step_size = step_size
        self.tolerance = tolerance
        self.max_iterations = max_iterations
        self.started = time.perf_counter()
        self.direction = np.empty(0)
        self.record = {"iteration": 0}
        self.idle_steps = 0
        self.is_leaving = False  # the direction leads away from a stationary point
        self.current = objective.evaluate(np.array(x0, dtype=float))
        finite = np.isfinite(self.current.value) and np.isfinite(self.current.gradient).all()
        self.status = "running" if finite else "not_finite"
        self._arrived(0.0, 0.0)

    @property
    def x(self):
        """The current point."""
        return self.current.x

    @property
    def gradient(self):
        """The gradient there."""
        return self.current.gradient

    @property
    def message(self):
        """The status, as a sentence."""
        return SENTENCES[self.status]

    def step(self):
        """Do one iteration; return False once the run has ended."""
        return self.choose() and self.advance()

    def choose(self):
        """Stop, or choose a direction, which may improve the certificate of the current point."""
        if self.status != "running":
            return False
        target = self.tolerance * self.objective.scale(self.current)
        if self.record["certificate"] <= target:
            self.status = "converged"
            return False
        is_stationary = self.objective.stationarity(self.current) <= self.tolerance
        if is_stationary and not self._escape():
            self.status = "stationary"
        elif self.record["iteration"] >= self.max_iterations:
            self.status = "iteration_limit"
        else:
            self.is_leaving = is_stationary
            if not is_stationary:
                self._choose_direction(target)
            self._judge(-(self.gradient @ self.direction), target)
        return self.status == "running"

    def _escape(self):
        """Look for negative curvature at a stationary point."""
        way = self.rule.escape(self.objective, self.current)
        self._note_curvature()
        if way is not None:
            self.direction = way
        return way is not None

    def _choose_direction(self, target):
        certificate = self.record["certificate"]
        self.rule.set_goal(target / certificate if np.isfinite(certificate) else 0.0)
        self.step_size.prepare(self.rule, self.current)
        self.direction = self._finite(self.rule.compute(self.objective, self.current))
        self._note_curvature()

    def _note_curvature(self):
        self.record["curvature"], self.record["curvature_bound"] = self.rule.curvature

    def _promise(self):
        """What a step along the direction may decrease the value by, at most."""
        return self.rule.predicted if self.rule.has_region else -(self.gradient @ self.direction)

    def _judge(self, decrement, target):
        """Use -g . p, the squared Newton decrement if p is a Newton direction."""
        if not self.objective.is_convex:
            pass  # it says nothing of the minimum
        elif self.rule.certifies():
            bound = decrement + self.rule.shortfall
            self.record["certificate"] = min(self.record["certificate"], bound)
            if self.record["certificate"] <= target:
                self.status = "converged"
        elif (
            np.isinf(self.record["certificate"])
            and self.rule.estimates()
            and decrement <= 0.1 * target
        ):
            self.status = "estimated"
        # By convexity no step up to the full one lowers the value by more than -g . p.
        limit = 1e-3 * self.current.precision * abs(self.current.value)
        if self.status == "running" and self._promise() <= limit:
            self.status = "precision_limit"

    def advance(self):
        """Move along the chosen direction; return False if no step was acceptable."""
        before = self.current
        decrement = 0.5 * self._promise()
        trial, self.direction = self.step_size.advance(
            self.objective, self.rule, before, self.direction
        )
        if trial is None:
            # Where the predicted decrease is below the value's rounding error, this is the end.
            exhausted = decrement <= 1e3 * before.precision * abs(before.value)
            self.status = "precision_limit" if exhausted else "line_search_failed"
            if self.is_leaving:
                # The values do not confirm the negative curvature: what is known is the gradient.
                self.status = "stationary"
            return False
        self.rule.moved(before, trial)
        idle = trial.value >= before.value and np.linalg.norm(
            trial.gradient
        ) > 0.5 * np.linalg.norm(before.gradient)
        self.idle_steps = self.idle_steps + 1 if idle else 0
        self.current = trial
        self.record["iteration"] += 1
        self._arrived(self.step_size.step, self.step_size.regularization)
        if self.status == "running" and self.idle_steps >= 2:
            # Twice neither a lower value nor a clearly smaller gradient: only rounding is left.
            self.status = "precision_limit"
        return True

    def _finite(self, p):
        return p if np.all(np.isfinite(p)) else -self.current.gradient

    def _certificate(self):
        """Return it; where it is not small enough, more work may tell that this is the end."""
        known = self.objective.certificate(self.current)
        enough = self.tolerance * self.objective.scale(self.current)
        if known <= enough:
            return known
        return self.objective.closer_certificate(self.current, known, enough)

    def _arrived(self, step_size, regularization):
        self.record = {
            "iteration": self.record["iteration"],
            "objective": self.current.value,
            "gradient_norm": np.linalg.norm(self.current.gradient),
            "certificate": self._certificate(),
            "step_size": step_size,
            "regularization": regularization,
            "curvature": np.nan,
            "curvature_bound": np.nan,
            "n_passes": self.objective.passes,
            "n_inner": self.rule.inner_iterations,
            "seconds": time.perf_counter() - self.started,
        }
        # Elsewhere a zero gradient may be a saddle point.
        is_zero = self.objective.is_convex and not self.current.gradient.any()
        if self.status == "running" and is_zero:
            self.record["certificate"] = 0.0
            self.status = "converged"
