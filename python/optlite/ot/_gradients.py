"""Derivatives of transport: of its value by the envelope theorem, of its plan by the adjoint."""

import numpy as np
from scipy.sparse.linalg import LinearOperator, cg

from .._warnings import warn
from ._costs import PointCosts


def pull_back(plan, reg, upstream, tol=1e-12):
    """Return the gradients of a function of the plan in a, b and the costs.

    Differentiating the optimality conditions of ``P = exp((f + g - M) / reg)`` leads to one
    symmetric system whose Schur complement is the matrix that Newton's steps solve with:

        [ diag(P 1)    P         ] [u]   [ (P * W) 1   ]
        [ P^T      diag(P^T 1)   ] [v] = [ (P * W)^T 1 ]

    where W is the gradient in the plan. Then the gradients are u in a, v in b (each up to a
    constant, as masses are kept equal) and P * (u + v - W) / reg in the costs.

    Parameters
    ----------
    plan : ndarray of shape (n_sources, n_targets)
        Optimal plan with positive sums.
    reg : float
        Regularization.
    upstream : ndarray of shape (n_sources, n_targets)
        Gradient W of a function in the plan.
    tol : float
        Relative residual of the system.
    """
    rows, columns = plan.sum(axis=1), plan.sum(axis=0)
    weighted = plan * upstream
    right_a, right_b = weighted.sum(axis=1), weighted.sum(axis=0)

    def schur(v):
        return columns * v - plan.T @ (plan @ v / rows)

    size = columns.size
    diagonal = np.maximum(columns - (plan**2 / rows[:, None]).sum(axis=0), 1e-12 * columns)
    right = right_b - plan.T @ (right_a / rows)
    right -= right.sum() * columns / columns.sum()  # orthogonal to the constants but for rounding
    v, failed = cg(
        LinearOperator((size, size), schur),
        right,
        rtol=tol,
        atol=0.0,
        maxiter=20 * size + 100,
        M=LinearOperator((size, size), lambda r: np.ravel(r) / diagonal),
    )
    if failed:
        from sklearn.exceptions import ConvergenceWarning

        reached = np.linalg.norm(schur(v) - right) / max(np.linalg.norm(right), 1e-300)
        if reached > 1e-6:
            warn(
                f"The gradient has a relative residual of {reached:.2g}; asked for: {tol:g}. The "
                "plan hardly connects its parts at this reg: raise reg.",
                ConvergenceWarning,
            )
    u = (right_a - plan @ v) / rows
    return u, v, plan * (u[:, None] + v - upstream) / reg


def point_gradients(weights, costs):
    """Return the gradients in X and in Y of a number whose gradient in the costs is given."""
    if not isinstance(costs, PointCosts):
        raise ValueError(
            "point_gradients needs the result of points with a named metric, got one of a matrix "
            "of costs. Its gradient() in the matrix is there."
        )
    X, Y, metric = costs.X, costs.Y, costs.metric
    both = point_gradient(weights, X, Y, metric), point_gradient(weights.T, Y, X, metric)
    return tuple(gradient.astype(costs.dtype, copy=False) for gradient in both)


def point_gradient(plan, X, Y, metric):
    """Return the gradient of ``sum(plan * costs)`` in X for a fixed plan.

    Where a distance has no derivative (points that coincide, for "euclidean"; coordinates that do,
    for "cityblock"), that pair counts as zero.
    """
    if metric == "sqeuclidean":
        return 2.0 * (plan.sum(axis=1)[:, None] * X - plan @ Y)
    gradient = np.empty_like(X)
    if metric == "euclidean":
        from scipy.spatial.distance import cdist

        distance = cdist(X, Y)
        share = np.divide(plan, distance, out=np.zeros_like(distance), where=distance > 0)
    for d in range(X.shape[1]):  # one coordinate at a time: matrices of the size of the plan
        difference = X[:, d, None] - Y[:, d]
        if metric == "cityblock":
            gradient[:, d] = (plan * np.sign(difference)).sum(axis=1)
        else:
            gradient[:, d] = (share * difference).sum(axis=1)
    return gradient
