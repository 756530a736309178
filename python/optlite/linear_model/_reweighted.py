"""Concave penalties by a sequence of weighted lassos, each with a duality gap."""

import numpy as np

from .._core import core
from ._sparse_model import PenaltyOnFeatures

#: Share of the largest coefficient that is added to all, so that weights are finite.
FLOOR = 0.01


def fit_adaptive(problem, penalty, strengths, tol, max_iter, start):
    """Fit a lasso, and a second one whose weights are the lower the larger its coefficients were.

    Returns
    -------
    result : dict
        That of the second lasso.
    weights : ndarray of shape (n_outputs, n_features)
        Its factors on the strength, from 1 / (1 + FLOOR) to 1 / FLOOR.
    """
    first = problem.fit(penalty, strengths, tol, max_iter, start)
    size = np.abs(first["coefficients"])
    top = size.max()
    weights = top / (size + FLOOR * top) if top > 0 else np.ones_like(size)
    result = problem.fit(penalty, strengths * weights.ravel(), tol, max_iter, _end_of(first))
    result["n_iter"] += first["n_iter"]
    return result, weights


def fit_lla(problem, penalty, strengths, tol, max_iter, start):
    """Replace a concave penalty by its tangents, minimise, and do it again where that leads.

    The sum with the tangents, a weighted lasso, is above the objective and touches it, so that the
    objective falls. It ends where the conditions of the objective itself are met.

    Returns
    -------
    result : dict
        Objective and violation are those of the concave problem; the gap is that of the last lasso.
    """
    lasso = PenaltyOnFeatures("l1", None, None, 1, problem.X.shape[1], problem.outputs)
    tangents, spent = strengths, 0
    for _ in range(max_iter):
        # To rounding: a violation is of the order of the root of a gap.
        found = problem.fit(lasso, tangents, 0.0, max_iter, start)
        spent += max(found["n_iter"], 1)
        start = _end_of(found)
        at = problem.fit(penalty, strengths, tol, 0, start)
        at["gap"], at["n_iter"] = found["gap"], spent
        if at["violation"] <= tol:
            break
        tangents = _slopes(penalty, strengths, found["coefficients"].ravel())
    return at


def _end_of(result):
    return result["coefficients"], result["intercepts"]


def _slopes(penalty, strengths, w):
    """Slopes of the penalty at the sizes of w, away from zero."""
    name, slopes = penalty.record["name"], strengths.copy()
    distance = core.penalty_subdifferential_distance
    for j in np.flatnonzero(w):
        slopes[j] *= distance(name, w[j] / strengths[j], 0.0, penalty.fields)
    return slopes
