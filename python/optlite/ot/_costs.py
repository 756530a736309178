"""The costs of a transport problem: a matrix or two clouds of points, checked."""

import numpy as np

from .._core import core
from .._params import real_array

METRICS = ("sqeuclidean", "euclidean", "cityblock")


class MatrixCosts:
    """Costs in memory, seen by the core through their rows."""

    #: Numbers that a plan may keep in memory (2 GB); above it exponentials are taken anew.
    memory = 2.5e8

    def __init__(self, M, name="M"):
        self.M = _real_matrix(M, name)
        self.shape = self.M.shape
        self.dtype = self.M.dtype
        found = core.survey_costs(self.M)
        if found["has_nan"]:
            i, j = np.argwhere(np.isnan(self.M))[0]
            raise ValueError(f"{name} must not hold NaN, got {name}[{i}, {j}] = nan.")
        if found["smallest"] == -np.inf:
            i, j = np.argwhere(np.isneginf(self.M))[0]
            raise ValueError(
                f"{name} must be finite, or inf for a forbidden link, got {name}[{i}, {j}] = -inf."
            )
        self.forbids = found["largest"] == np.inf
        self._scale = found["mean"] - found["smallest"]
        self._bits = found["bits"]

    def scale(self, keep_a, keep_b):
        """Return the mean cost less the smallest, or NaN where it is not known for these atoms."""
        return self._scale if keep_a.all() and keep_b.all() else np.nan

    def refuse_change(self):
        """Raise if the caller has changed the matrix, which is not copied, since the run."""
        if core.bits_of_costs(self.M) != self._bits:
            raise ValueError(
                "M was changed after ot.solve, which reads it in place: what a result computes "
                "when it is asked for would be wrong. Pass M.copy() to solve."
            )

    def matrix(self):
        """Return all costs."""
        return self.M

    def make(self, keep_a, keep_b):
        """Return the costs between the atoms that have mass, for the core."""
        M = self.M
        if not (keep_a.all() and keep_b.all()):
            M = M[np.ix_(keep_a, keep_b)]
        if M.strides[1] != M.itemsize or M.strides[0] % M.itemsize:
            M = np.ascontiguousarray(M)
        return core.TransportCost(M)


class PointCosts:
    """Distances between two clouds of points, computed when they are needed."""

    #: No plan is kept.
    memory = 0.0

    def __init__(self, X, Y, metric, dtype):
        refuse_overflow(X, Y, metric)
        self.X, self.Y, self.metric, self.dtype = X, Y, metric, dtype
        self.shape = (len(X), len(Y))

    def scale(self, keep_a, keep_b):
        """Return NaN: the core finds the scale of the costs."""
        return np.nan

    def refuse_change(self):
        """Points are copied."""

    def matrix(self):
        """Return all costs."""
        from scipy.spatial.distance import cdist

        return cdist(self.X, self.Y, self.metric)

    def make(self, keep_a, keep_b):
        """Return the costs between the atoms that have mass, for the core."""
        return core.TransportCost(self.X[keep_a], self.Y[keep_b], self.metric)


def _real_matrix(M, name):
    """Return an aligned matrix in float32 or float64 with contiguous rows or columns, not copied
    where it is one; or say what is wrong with its type or shape."""
    costs = real_array(M, name, "ot")
    if costs.ndim != 2 or 0 in costs.shape:
        raise ValueError(
            f"{name} must have two dimensions, sources by targets, and no empty one, got shape "
            f"{costs.shape}."
        )
    if costs.dtype not in (np.float32, np.float64) or not costs.dtype.isnative:
        costs = costs.astype(np.float64 if costs.dtype != ">f4" else np.float32)
    size, lines = costs.itemsize, costs.strides
    contiguous = (
        (costs.shape[axis] < 2 or lines[axis] == size) and lines[1 - axis] % size == 0
        for axis in (0, 1)
    )
    if not costs.flags.aligned:
        return costs.copy(order="C")
    return costs if any(contiguous) else np.ascontiguousarray(costs)


def refuse_isolated(costs, keep_a, keep_b, name="M"):
    """Raise where a source or target that has mass cannot send or receive it."""
    if costs.max() < np.inf:
        return
    allowed = np.isfinite(costs)
    for axis, what, keep, other in ((1, "row", keep_a, keep_b), (0, "column", keep_b, keep_a)):
        open_links = (allowed & (other if axis else other[:, None])).any(axis=axis)
        lost = np.flatnonzero(keep & ~open_links)
        if lost.size:
            raise ValueError(
                f"{name} must have a finite entry in every row and column with mass, but {what} "
                f"{lost[0]} has none: its mass has nowhere to go."
            )


def check_points(values, name):
    """Return points in float32 or float64, or say what is wrong with them."""
    points = real_array(values, name, "ot")
    if points.ndim != 2 or 0 in points.shape:
        raise ValueError(
            f"{name} must have two dimensions, points by coordinates, got shape {points.shape}."
        )
    if points.dtype != np.float32:
        points = points.astype(np.float64)
    if not np.isfinite(points).all():
        i, j = np.argwhere(~np.isfinite(points))[0]
        raise ValueError(f"{name} must be finite, got {name}[{i}, {j}] = {points[i, j]}.")
    return points


def point_costs(X, Y, metric):
    """Return the costs between two clouds of points, or say what is wrong with them."""
    X, Y = check_points(X, "X"), check_points(Y, "Y")
    if X.shape[1] != Y.shape[1]:
        raise ValueError(
            f"X and Y must have the same number of columns, got {X.shape[1]} and {Y.shape[1]}."
        )
    if callable(metric):
        return MatrixCosts(metric(X, Y))
    if metric not in METRICS:
        raise ValueError(f"metric must be one of {list(METRICS)} or callable, got {metric!r}.")
    dtype = np.result_type(X, Y)
    return PointCosts(X.astype(np.float64), Y.astype(np.float64), metric, dtype)


def refuse_overflow(X, Y, metric, name="X"):
    """Raise where points are so large that a cost between them might not be a number."""
    largest = max(float(np.abs(points).max()) for points in (X, Y))
    with np.errstate(over="ignore"):
        power = 1.0 if metric == "cityblock" else 2.0
        cost = X.shape[1] * np.float64(2.0 * largest) ** power
        terms = 4.0 * cost  # what products of matrices sum up to a cost
    if not terms < np.inf:
        raise ValueError(
            f"{name} must be such that {metric} costs do not overflow, got a coordinate of "
            f"{largest:g}. Divide all points by it."
        )
