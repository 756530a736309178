"""Group lassos and multi-task elastic nets in the core, and what takes over without them."""

import numpy as np

from .._core import core
from .._validation import as_columns
from ._elastic_net_problem import Fit, check_target, refuse_large_strengths
from ._ridge_problem import LeastSquares


def mix_of_tasks(l1_ratio):
    """Strengths of absolute values, norms and squares of a multi-task elastic net of alpha 1."""
    return 0.0, l1_ratio, 1.0 - l1_ratio


class GroupProblem:
    """Data, weights, intercept and groups; targets and strengths come later.

    It stands where an `ElasticNetProblem` does, but fits all tasks together.

    Parameters
    ----------
    X : ndarray or sparse matrix of float32 or float64
        Validated; read in place.
    weight : ndarray of float64 or None
    fit_intercept : bool
    group_of : ndarray of shape (n_features,), default=None
        The number of each feature's group; each feature for itself by default.
    group_weights : ndarray of shape (n_groups,), default=None
        Factors on the norms of the groups. All ones by default.
    mix : callable
        ``mix(l1_ratio)`` returns the strengths of the L1 part, the norms and the squares where
        `alpha` is 1.
    name : str
        The class in whose name errors speak.
    """

    def __init__(self, X, weight, fit_intercept, *, group_of=None, group_weights=None, mix, name):
        self.X = X
        self.weight = weight
        self.fit_intercept = bool(fit_intercept)
        self.mix = mix
        self.name = name
        self.total_weight = float(X.shape[0]) if weight is None else float(weight.sum())
        self.group_of = np.arange(X.shape[1]) if group_of is None else group_of
        n_groups = int(self.group_of.max()) + 1
        self.group_weights = np.ones(n_groups) if group_weights is None else group_weights
        self.core = core.ElasticNetData(as_columns(X), None, weight, self.fit_intercept)

    def target(self, y):
        """Read X for the targets: a 1-d array, or one with a column for each task."""
        Y = np.ascontiguousarray(np.atleast_2d(y.T), dtype=np.float64)
        target = core.GroupLassoTarget(self.core, Y, self.group_of, self.group_weights)
        check_target(target, self, y)
        return GroupTarget(self, target, y)


class GroupTarget:
    """Targets that are fitted together; coefficients have one row for each of them."""

    def __init__(self, problem, target, y):
        self.problem = problem
        self.core = target
        self.y = y
        self._ridge = None

    def largest_strength(self, l1_ratio):
        """The smallest strength at which all coefficients are zero."""
        return self.core.largest_strength(list(self.problem.mix(l1_ratio)))

    def intercept(self, coefficients):
        """Intercepts that belong to coefficients of shape (..., n_tasks, n_features)."""
        if not self.problem.fit_intercept:
            return np.zeros(coefficients.shape[:-1])
        return self.core.mean - coefficients @ self.problem.core.mean

    def path(self, alphas, l1_ratio, *, tol=1e-8, max_iter=10_000, start=None):
        """Solve for alphas in descending order; one `Fit` each."""
        mix = [float(part) for part in self.problem.mix(l1_ratio)]
        alphas = [float(alpha) for alpha in alphas]
        sparse = [alpha for alpha in alphas if alpha * (mix[0] + mix[1]) > 0]
        fits = []
        if sparse:
            refuse_large_strengths(sparse[0], self.problem.group_weights)
            found = self.core.path(sparse, mix, float(tol), int(max_iter), start)
            fits = [Fit(**fit) for fit in found]
        return fits + [self._without_norms(alpha * mix[2], tol) for alpha in alphas[len(sparse) :]]

    def _without_norms(self, strength, tol):
        """Ridge regression, or least squares, where tasks have nothing in common."""
        problem = self.problem
        if self._ridge is None:
            self._ridge = LeastSquares(problem.X, self.y, problem.weight, problem.fit_intercept)
        strengths = np.full(self._ridge.n_targets, strength * problem.total_weight)
        result = self._ridge.solve("auto", strengths, tol, None)
        values = result["value"] / (2.0 * problem.total_weight)
        gap, value = float((result["certificate"] * values).sum()), float(values.sum())
        return Fit(
            result["coefficients"],
            value,
            gap,
            gap / value if value > 0 else gap,
            int(max(np.max(result["n_iter"]), 1)),
            result["status"],
            result["message"],
        )
