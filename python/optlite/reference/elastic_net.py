"""Lasso and elastic net in NumPy: the readable twin of ``cpp/src/elastic_net.cpp``.

All functions work on the sum over rows, with the intercept eliminated by centring,

    F(w) = sum_i s_i (yc_i - z_i . w)^2 / 2 + l1 ||w||_1 + l2 ||w||^2 / 2;

for the strength `alpha` of the estimators ``l1 = alpha r S``, ``l2 = alpha (1 - r) S`` with
``S = sum_i s_i``, and their objective is ``F / S``. `center` is that of the twin of ridge.
"""

import numpy as np

from .ridge import center

__all__ = ["center", "coordinate_descent", "duality_gap", "extrapolate", "objective", "safe_bounds"]


def objective(Z, yc, s, w, l1, l2=0.0):
    """Return F(w)."""
    r = yc - Z @ w
    return 0.5 * s @ r**2 + l1 * np.abs(w).sum() + 0.5 * l2 * w @ w


def duality_gap(Z, yc, s, w, l1, l2=0.0, positive=False):
    """Bound ``F(w) - min F`` by the better of two points of the dual problem.

    The elastic net is a lasso with the rows ``sqrt(l2) I`` and the targets 0 below those of Z and
    yc. Its residual ``(r, -sqrt(l2) w)`` times t is feasible if ``t |c_j - l2 w_j| <= l1`` for all
    j, where ``c = Z^T S r``. For ``l2 > 0`` the residual of the elastic net itself is a point of
    another dual problem, in which the conjugate of the penalty takes the place of the constraint.

    Fercoq, Gramfort and Salmon, Mind the duality gap: safer rules for the lasso, 2015, section 2.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.reference.elastic_net import duality_gap
    >>> Z, yc, s = np.eye(2), np.array([3.0, 0.5]), np.ones(2)
    >>> float(duality_gap(Z, yc, s, np.array([2.0, 0.0]), l1=1.0))
    0.0
    """
    r = yc - Z @ w
    c = Z.T @ (s * r)
    size = (lambda v: v) if positive else np.abs
    squares = s @ r**2 + l2 * w @ w
    fit = (c - l2 * w) @ w
    best = 1.0 + fit / squares if squares > 0 else 1.0
    top = size(c - l2 * w).max(initial=0.0)
    t = max(0.0, min(best, l1 / top) if top > 0 else best)
    gap = 0.5 * (1 - t) ** 2 * squares + l1 * np.abs(w).sum() - t * fit
    if l2 > 0:
        excess = np.maximum(size(c) - l1, 0.0)
        terms = l1 * np.abs(w) + 0.5 * l2 * w**2 - c * w + 0.5 * excess**2 / l2
        gap = min(gap, terms.sum())
    return max(gap, 0.0)


def coordinate_descent(Z, yc, s, l1, l2=0.0, positive=False, sweeps=100, memory=5, start=None):
    """Minimise over one coordinate after the other; extrapolate after each `memory` sweeps.

    Friedman, Hastie and Tibshirani, Regularization paths for generalized linear models via
    coordinate descent, 2010, eq. 5.

    Returns
    -------
    w : ndarray of shape (n_features,)
    gaps : list of float
        The duality gap after each sweep.
    """
    w = np.zeros(Z.shape[1]) if start is None else np.array(start, dtype=float)
    squares = s @ Z**2
    gaps, past = [], [w.copy()]
    for _ in range(sweeps):
        r = yc - Z @ w
        for j in np.flatnonzero(squares > 0):
            old = w[j]
            v = squares[j] * old + Z[:, j] @ (s * r)
            shrunk = max(v - l1, 0.0) if positive else v - np.clip(v, -l1, l1)
            w[j] = shrunk / (squares[j] + l2)
            r -= (w[j] - old) * Z[:, j]
        past.append(w.copy())
        if len(past) == memory + 1:
            other = extrapolate(past)
            allowed = not positive or (other >= 0).all()
            if allowed and objective(Z, yc, s, other, l1, l2) < objective(Z, yc, s, w, l1, l2):
                w = other
            past = [w.copy()]
        gaps.append(duality_gap(Z, yc, s, w, l1, l2, positive))
    return w, gaps


def extrapolate(past):
    """Return the affine combination of iterates whose steps cancel best.

    Bertrand and Massias, Anderson acceleration of coordinate descent, 2021, algorithm 1.
    """
    steps = np.diff(past, axis=0)
    products = steps @ steps.T
    products += 1e-14 * np.trace(products) * np.eye(len(products)) + 1e-300 * np.eye(len(products))
    z = np.linalg.solve(products, np.ones(len(products)))
    return (z / z.sum()) @ np.array(past[1:])


def safe_bounds(norms, known, earlier, residual, s):
    """Bound the products of columns with a residual by those with an earlier one.

    ``|z . S r| <= |k c'| + |z| |r - k r'|`` for any k, by Cauchy and Schwarz in the norm of the
    weights; the best k projects r on r'. Columns whose bound is below l1 stay at zero.

    Parameters
    ----------
    norms : ndarray of shape (n_features,)
        ``|z_j|`` in the norm of the weights.
    known : ndarray of shape (n_features,)
        ``c' = Z^T S r'``.
    earlier, residual : ndarray of shape (n_samples,)
        ``r'`` and ``r``.
    s : ndarray of shape (n_samples,)
        Weights.
    """
    k = (s * earlier) @ residual / ((s * earlier) @ earlier)
    return np.abs(k * known) + norms * np.sqrt(s @ (residual - k * earlier) ** 2)
