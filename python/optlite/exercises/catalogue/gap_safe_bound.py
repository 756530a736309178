"""Which columns can the solution not use? A bound that allows to forget them.

    P(w) = |y - X w|^2 / (2 n) + alpha |w|_1,      D(theta) = (|y|^2 - |y - theta|^2) / (2 n)

The dual maximises D over all theta with |x_j' theta| <= n alpha for every column x_j; let theta* be
its maximiser. If |x_j' theta*| < n alpha, then w_j = 0 in every solution, and column j may be
removed. Nobody knows theta* beforehand. But a feasible theta with gap = P(w) - D(theta) is near it,
because D is strongly concave and cannot rise by more than the gap:

    D(theta) <= D(theta*) - |theta - theta*|^2 / (2 n).

Return for each column the largest |x_j' theta'| of all theta' that are not farther from theta than
theta* can be.

Source: Fercoq, Gramfort and Salmon, Mind the duality gap: safer rules for the lasso, 2015.
"""

import numpy as np

from .._exercise import holds
from .._problems import close, lasso_objective, solved_lasso

chapter = "sparse models"
difficulty = 2


def returns(X, theta, gap):
    """Return the bounds, an array (p,); X has shape (n, p), theta (n,), gap >= 0 is a number."""
    return (X.shape[1],)


def feasible(rng, distance):
    """Draw a solved lasso, and a feasible theta with its gap, not far from the solution."""
    X, y, alpha, w, best = solved_lasso(rng)
    theta = best + distance * rng.normal(size=len(y))
    theta *= min(1.0, len(y) * alpha / np.abs(X.T @ theta).max())
    near = w + distance * rng.normal(size=len(w))
    dual = (y @ y - np.sum((y - theta) ** 2)) / (2 * len(y))
    return X, y, alpha, best, theta, lasso_objective(X, y, near, alpha) - dual


@holds(
    "with a gap of zero it is |x_j' theta|",
    "Then theta is theta*, and the ball a point. A column may point to either side.",
)
def no_gap(answer, rng):
    X, _, _, _, best = solved_lasso(rng)
    return close(answer(X, best, 0.0), np.abs(X.T @ best))


@holds(
    "it bounds |x_j' theta*|",
    "How far is theta* from theta at most? How much can that change x_j' theta, for a long column?",
)
def bounds(answer, rng):
    for distance in (1e-3, 0.03, 0.3):
        X, _, _, best, theta, gap = feasible(rng, distance)
        if np.any(answer(X, theta, gap) < np.abs(X.T @ best) - 1e-9):
            return False
    return True


@holds(
    "it is no larger than it has to be",
    "Where alpha is so large that w = 0, theta* is y, and the inequality an equality: which radius "
    "has the ball then? Are n and the half in it?",
)
def sharp(answer, rng):
    n, y, shift = 12, rng.normal(size=12), rng.normal(size=12)
    theta = y + shift  # D falls by |shift|^2 / (2 n), and that is the gap at w = 0
    column = -shift * np.sign(shift @ theta) * rng.uniform(0.1, 3.0)
    X = np.column_stack([column, -column])
    reached = max(abs(column @ (theta + shift)), abs(column @ (theta - shift)))
    return close(answer(X, theta, shift @ shift / (2 * n)), reached)


@holds(
    "a column twice as long has a bound twice as large",
    "Both parts of the bound scale with the column.",
)
def scales(answer, rng):
    X, _, _, _, theta, gap = feasible(rng, 0.1)
    factors = 2.0 ** rng.integers(-3, 4, size=X.shape[1])
    return close(answer(X * factors, theta, gap), factors * answer(X, theta, gap))


@holds(
    "at a small gap it removes columns, and none that the solution uses",
    "Near the solution the bound of a column that is not used must fall below n alpha.",
)
def removes(answer, rng):
    X, y, alpha, _, theta, gap = feasible(rng, 1e-5)
    kept = answer(X, theta, gap) >= len(y) * alpha * (1.0 - 1e-12)
    used = np.isclose(np.abs(X.T @ (theta)), len(y) * alpha, rtol=1e-2)
    return bool(np.all(kept[used]) and kept.sum() < X.shape[1])
