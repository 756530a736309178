"""A run of an update rule on an objective: the loop, mini-batches and when to stop."""

import math
import time

import numpy as np

from ..objectives import GeneralizedLinearObjective, RowObjective
from ..reference.updates import Updates
from .wrappers import PythonRule
from .wrappers._base import needs

#: What is known of a batch alone, and into how many micro-batches it is divided for that.
_OF_BATCHES, _PARTS = ("squared_grads",), 8

#: What an objective must offer to a rule.
REQUIRED = ("shape", "value_and_gradient")


class RuleRun:
    """Step a rule along an objective, with the face of the core's descent runs.

    A mini-batch gradient is an unbiased estimate of the gradient. The objective itself and its
    certificate are then evaluated once an epoch, and the run may stop there.
    """

    def __init__(self, objective, rule, start, tol, max_iter, engine, batch_size, random_state):
        self._objective, self._tol, self._max_iter = objective, tol, max_iter
        self._random = np.random.default_rng(random_state)
        self._batches = _Batches(objective, batch_size, self._random) if batch_size else None
        self._evaluate = objective.value_and_gradient
        if engine == "numpy" and isinstance(objective, RowObjective):
            self._evaluate = _twin_evaluation(objective)
        if engine == "numpy" and isinstance(rule, PythonRule):
            raise ValueError(
                f"engine must be 'core' for {type(rule).__name__}, which is NumPy code itself."
            )
        self._stepper = _TwinStepper(rule) if engine == "numpy" else _CoreStepper(rule)
        self._extra = needs(rule)
        self._stepper.begin(np.array(start, dtype=np.float64))
        self._began = time.perf_counter()
        self._iteration, self._passes = 0, 0.0
        self.direction = np.empty(0)
        self.status = "running"
        self._evaluate_here()

    # --- what the driver reads --------------------------------------------------------------------

    @property
    def x(self):
        """The point now."""
        return self._stepper.x

    @property
    def record(self):
        """The scalars of a trace's record."""
        return {
            "iteration": self._iteration,
            "objective": self._value,
            "gradient_norm": _norm(self.gradient),
            "certificate": self._certificate,
            "step_size": 1.0 if self._iteration else 0.0,
            "regularization": 0.0,
            "curvature": math.nan,
            "curvature_bound": math.nan,
            "n_passes": int(self._passes),
            "n_inner": 0,
            "seconds": time.perf_counter() - self._began,
        }

    @property
    def state(self):
        """Copies of what the rule remembers."""
        return self._stepper.state()

    @property
    def message(self):
        """How the run ended, in a sentence."""
        return _SENTENCES[self.status]

    # --- the loop ---------------------------------------------------------------------------------

    def choose(self):
        """Decide whether the run goes on from here."""
        if not (math.isfinite(self._value) and np.isfinite(self.gradient).all()):
            self.status = "not_finite"
        elif self._whole and self._certificate <= self.threshold:
            self.status = "converged"
        elif self._iteration >= self._max_iter:
            self.status = "iteration_limit"
        return self.status == "running"

    def advance(self):
        """Make one step and evaluate there."""
        before = self.x.copy()
        self._stepper.step(self.gradient, self._oracle())
        self.direction = self.x - before
        self._iteration += 1
        self._evaluate_here()
        return True

    def _evaluate_here(self):
        """Value and gradient for the next step; of everything at the end of an epoch."""
        self._whole = self._batches is None or self._iteration % self._batches.per_epoch == 0
        if self._whole:
            self._value, self.gradient = self._evaluate(self.x)
            self._certificate = self._bound()
            self._passes += 1.0
        if self._batches is not None:
            self._loss, self.gradient = self._batches.next(self.x)
            self._passes += self._batches.share
            if not self._whole:
                self._value, self._certificate = self._loss, math.inf
        else:
            self._loss = self._value
        self.gradient = np.asarray(self.gradient, dtype=np.float64)

    def _bound(self):
        """A bound on the distance from the minimum, where the objective knows one."""
        if isinstance(self._objective, GeneralizedLinearObjective):
            return float(self._objective.duality_gap(self.x))
        minimum = getattr(self._objective, "minimum", None)
        return math.inf if minimum is None else max(self._value - minimum, 0.0)

    @property
    def threshold(self):
        """What the certificate has to reach; `tol` itself where the minimum is known to be 0."""
        zero = getattr(self._objective, "minimum", None) == 0.0
        return self._tol * (1.0 if zero else abs(self._value))

    def _oracle(self):
        """What the rule needs beside the gradient."""
        extra = {}
        if "loss" in self._extra:
            extra["loss"] = self._loss
        source = self._objective if self._batches is None else self._batches.current
        if "loss_function" in self._extra:
            extra["loss_function"] = lambda x: float(source.value_and_gradient(x)[0])
        if "gradient_function" in self._extra:
            extra["gradient_function"] = lambda x: np.asarray(source.value_and_gradient(x)[1])
        if "hessian_diag" in self._extra:
            # Hutchinson's estimator: the mean of v * (H v) over random signs v is the diagonal.
            signs = self._random.integers(0, 2, size=self.x.shape) * 2.0 - 1.0
            extra["hessian_diag"] = signs * np.asarray(self._objective.hvp(self.x, signs))
        if "hvp" in self._extra:
            extra["probe"] = self._random.normal(size=self.x.shape)
            extra["hvp"] = np.asarray(self._objective.hvp(self.x, extra["probe"]))
        if "squared_grads" in self._extra and self._batches is not None:
            extra["squared_grads"] = self._batches.squared_gradient(self.x)
        missing = [name for name in self._extra if name not in extra]
        if missing:
            batches = "Pass batch_size=..., or write" if missing[0] in _OF_BATCHES else "Write"
            raise TypeError(
                f"minimize cannot provide {missing[0]!r}, which this rule needs beside the "
                f"gradient. {batches} the loop yourself: rule.step(params, grads, state, "
                f"{missing[0]}=...)."
            )
        return extra


def _norm(array):
    """The Euclidean norm, also where the squares overflow."""
    largest = float(np.abs(array).max(initial=0.0))
    if largest == 0.0 or not math.isfinite(largest):
        return largest
    return largest * float(np.linalg.norm(array / largest))


_SENTENCES = {
    "running": "The run has not ended.",
    "converged": "The certificate reached the tolerance.",
    "iteration_limit": "The iteration limit came before the tolerance.",
    "not_finite": "The objective or its gradient is not finite any more.",
}


def _twin_evaluation(objective):
    """The NumPy twin's value and gradient, shaped as the variables are."""
    twin = objective.twin()

    def evaluate(x):
        point = twin.evaluate(x.ravel())
        return float(point.value), point.gradient.reshape(x.shape)

    return evaluate


class _CoreStepper:
    """Steps by the compiled rule."""

    def __init__(self, rule):
        self._rule = rule

    def begin(self, x):
        self.x, self._state = x, self._rule.init(x)

    def step(self, gradient, extra):
        self._rule.step(self.x, gradient, self._state, **extra)

    def state(self):
        return {
            name: np.array(value) if isinstance(value, np.ndarray) else value
            for name, value in self._state.items()
        }


class _TwinStepper:
    """Steps by the NumPy twin of the rule."""

    def __init__(self, rule):
        self._rule = rule

    def begin(self, x):
        self._run = Updates(self._rule.name, [x], **self._rule.hyperparameters(1))

    @property
    def x(self):
        return self._run.xs[0]

    def step(self, gradient, extra):
        self._run.set(**self._rule.hyperparameters(self._run.t + 1))
        lists = {k: [v] if isinstance(v, np.ndarray) else v for k, v in extra.items()}
        self._run.step([gradient], **lists)

    def state(self):
        shared = {k: v for k, v in self._run.shared.items() if isinstance(v, float)}
        return {name: np.array(value) for name, value in self._run.states[0].items()} | shared


class _Batches:
    """Rows in random order, each once an epoch."""

    def __init__(self, objective, batch_size, random):
        if not isinstance(objective, RowObjective):
            raise TypeError(
                "batch_size needs an objective with rows, one of optlite.objectives such as "
                f"Logistic(X, y), got {type(objective).__name__}."
            )
        weight = objective.sample_weight
        # Rows without weight are no part of the objective.
        self._rows = np.arange(objective.X.shape[0]) if weight is None else np.flatnonzero(weight)
        if batch_size > len(self._rows):
            raise ValueError(
                f"batch_size must be <= {len(self._rows)}, the number of samples, got {batch_size}."
            )
        self._objective, self._size, self._random = objective, batch_size, random
        self._order = self._rows[:0]
        self.per_epoch = len(self._rows) // batch_size
        self.share = batch_size / len(self._rows)

    def next(self, x):
        """Value and gradient of the next batch; both are unbiased estimates."""
        if len(self._order) < self._size:
            self._order = self._random.permutation(self._rows)
        rows, self._order = self._order[: self._size], self._order[self._size :]
        self._current_rows, self.current = rows, self._objective.batch(rows)
        return self.current.value_and_gradient(x)

    def squared_gradient(self, x):
        """Mean over micro-batches, parts of this batch, of the squares of their gradients."""
        parts = np.array_split(self._current_rows, min(_PARTS, self._size))
        return sum(
            len(rows) / self._size * np.asarray(self._objective.batch(rows).gradient(x)) ** 2
            for rows in parts
        )
