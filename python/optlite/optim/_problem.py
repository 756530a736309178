"""Any objective as the descent driver sees it, with a matrix in the place of its Hessian."""

import dataclasses
import math

import numpy as np

from ..objectives import GeneralizedLinearObjective, RowObjective

EPSILON = float(np.finfo(np.float64).eps)


@dataclasses.dataclass
class Point:
    """A place in the search space and what is known there."""

    x: np.ndarray
    value: float
    gradient: np.ndarray
    precision: float = EPSILON  # of the numbers that the value was computed with


def relative_gradient(x, gradient, value):
    """Return the largest relative change of the value for a relative change of a variable.

    max_i |g_i| max(|x_i|, 1) / max(|f|, 1): Dennis and Schnabel, Numerical methods for
    unconstrained optimization and nonlinear equations, 1983, chapter 7.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        relative = np.abs(gradient) * np.maximum(np.abs(x), 1.0)
    return float(relative.max(initial=0.0)) / max(abs(value), 1.0)


def precision_of(array):
    """Return the rounding error of the type of an array, of float32 or float64."""
    single = getattr(array, "dtype", None) == np.float32
    return float(np.finfo(np.float32 if single else np.float64).eps)


class Problem:
    """Answer what the driver asks, of the core and of the twins, about an objective in Python.

    Parameters
    ----------
    objective : object with ``shape`` and ``value_and_gradient(x)``
        ``minimum``, if it has that, is the smallest value or None.
    curvature : Curvature
        The matrix.
    use_twin : bool
        Whether values come from the NumPy twin of an objective over rows.
    """

    def __init__(self, objective, curvature, use_twin=False):
        self.shape = tuple(objective.shape)
        self.dimension = math.prod(self.shape)
        self.is_convex = bool(curvature.is_hessian)
        self.passes = 0
        self._objective, self._curvature = objective, curvature
        self._is_linear = isinstance(objective, GeneralizedLinearObjective)
        self._minimum = getattr(objective, "minimum", None)
        self._evaluate = self._evaluation(use_twin)
        # Networks compute in the type of their data; linear models add up in float64.
        is_network = isinstance(objective, RowObjective) and not self._is_linear
        computes_as = objective.X if is_network and not use_twin else None
        self.precision = precision_of(computes_as)
        self._seen = self._matrix = None

    def _evaluation(self, use_twin):
        f = self._objective
        if not isinstance(f, RowObjective):
            return lambda x: f.value_and_gradient(x.reshape(self.shape))
        if not use_twin:
            return f._model.value_and_gradient  # in float64, whatever the data
        twin = f.twin()

        def evaluate(x):
            point = twin.evaluate(x)
            return point.value, point.gradient

        return evaluate

    # --- values -----------------------------------------------------------------------------------

    def evaluate(self, x):
        """Return the point with value and gradient."""
        self.passes += 1
        x = np.array(x, dtype=np.float64)
        value, gradient = self._evaluate(x.copy())
        self.precision = max(self.precision, precision_of(gradient))
        gradient = np.array(gradient, dtype=np.float64).reshape(-1)
        return self.point(x, float(value), gradient, self.precision)

    def point(self, x, value, gradient, precision=EPSILON):
        """Return a point of which all is known."""
        if gradient.shape != (self.dimension,):
            raise ValueError(
                f"value_and_gradient must return a gradient of shape {self.shape}, as x has, got "
                f"{gradient.size} numbers (optim)."
            )
        return Point(x, value, gradient, precision)

    def line_value(self, a, b, t):
        """Return the value at a.x + t (b.x - a.x)."""
        return self.move_on_line(a, b, t).value

    def move_on_line(self, a, b, t):
        """Return the point a.x + t (b.x - a.x)."""
        return self.evaluate(a.x + t * (b.x - a.x))

    # --- when to stop -----------------------------------------------------------------------------

    def certificate(self, at):
        """Bound value - minimum: by the duality gap, or where the minimum is known."""
        if self._is_linear:
            return float(self._objective._model.duality_gap(at.x))
        return math.inf if self._minimum is None else max(at.value - self._minimum, 0.0)

    def closer_certificate(self, at, known, enough):
        """Return the bound as it is: no more work makes it closer."""
        return known

    def scale(self, at):
        """What the tolerance of the certificate is relative to."""
        return 1.0 if self._minimum == 0.0 else abs(at.value)

    def stationarity(self, at):
        """Return the relative gradient; infinite where a duality gap is known."""
        if self._is_linear and math.isfinite(self.certificate(at)):
            return math.inf
        return relative_gradient(at.x, at.gradient, at.value)

    # --- curvature --------------------------------------------------------------------------------

    def products(self, x, V):
        """Return B V for vectors in rows."""
        self.passes += 1
        matrix = self._at(x)
        found = matrix(np.ascontiguousarray(V)) if callable(matrix) else V @ matrix
        return np.ascontiguousarray(found, dtype=np.float64)

    def matrix(self, x):
        """Return B."""
        matrix = self._at(x)
        if callable(matrix):
            eye = np.eye(self.dimension)
            self.passes += self.dimension
            matrix = np.concatenate([matrix(eye[i : i + 64]) for i in range(0, len(eye), 64)])
        else:
            self.passes += 1
        return np.ascontiguousarray(0.5 * (matrix + matrix.T), dtype=np.float64)

    def _at(self, x):
        """The matrix at x: made, and drawn, once for each point."""
        if self._seen is None or not np.array_equal(self._seen, x):
            self._seen, self._matrix = np.array(x), self._curvature.at(np.array(x))
        return self._matrix

    # --- as the twins ask -------------------------------------------------------------------------

    def hessian_product(self, at, V):
        """Return B V for vectors in rows."""
        return self.products(at.x, V)

    def hessian(self, at):
        """Return B."""
        return self.matrix(at.x)

    def hessian_diagonal(self, at):
        """Return ones: no preconditioner."""
        return np.ones(self.dimension)

    def fill_null_space(self, H):
        """Return H."""
        return H
