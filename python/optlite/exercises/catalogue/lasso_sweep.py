"""One sweep of coordinate descent for the lasso.

    P(w) = |y - X w|^2 / (2 n) + alpha |w|_1

For j = 1, ..., p in turn, set w_j to the exact minimiser of P with all other coefficients fixed,
those before j at their new values. Each of these problems has one variable, and soft thresholding
solves it.

Source: Friedman, Hastie and Tibshirani, Regularization paths for generalized linear models via
coordinate descent, 2010.
"""

import numpy as np

from .._exercise import holds
from .._problems import close, lasso_objective

chapter = "coordinate methods"
difficulty = 2


def returns(X, y, w, alpha):
    """Return w after the sweep, an array like w; X has shape (n, p)."""
    return w.shape


def problem(rng, n=20, p=6):
    """Draw data whose columns differ in scale."""
    X = rng.normal(size=(n, p)) * rng.uniform(0.3, 3.0, size=p)
    return X, X @ (rng.normal(size=p) * (rng.uniform(size=p) < 0.5)) + rng.normal(size=n)


@holds(
    "the objective does not rise",
    "Each coordinate's update is a minimum. Does the threshold have the scale of the column, and "
    "is the residual that without column j?",
)
def descends(answer, rng):
    X, y = problem(rng)
    w, alpha = rng.normal(size=6), rng.uniform(0.05, 0.5)
    for _ in range(10):  # far from the minimum many a step descends
        before, w = w, answer(X, y, w, alpha)
        least = lasso_objective(X, y, before, alpha)
        if lasso_objective(X, y, w, alpha) > least * (1.0 + 1e-12):
            return False
    return True


@holds(
    "afterwards the last coefficient is optimal, given the others",
    "The gradient for w_j is -x_j' (y - X w) / n. Where w_j is not zero it is -alpha sign(w_j), "
    "where it is zero at most alpha. Is n in the right places?",
)
def last_is_optimal(answer, rng):
    X, y = problem(rng)
    alpha = rng.uniform(0.05, 0.5)
    w = answer(X, y, rng.normal(size=6), alpha)
    slope = X[:, -1] @ (y - X @ w) / len(y)
    if w[-1] == 0.0:
        return abs(slope) <= alpha * (1 + 1e-9)
    return abs(slope - alpha * np.sign(w[-1])) < 1e-9


@holds(
    "a coefficient sees the new values of those before it",
    "Of two equal columns, without a penalty, the first explains all there is and leaves the "
    "second nothing. When is your residual updated?",
)
def in_turn(answer, rng):
    x, n = rng.normal(size=15), 15
    y = 2.0 * x + 0.1 * rng.normal(size=n)
    w = answer(np.column_stack([x, x]), y, np.zeros(2), 0.0)
    return close(w, [x @ y / (x @ x), 0.0])


@holds(
    "with orthogonal columns one sweep from anywhere solves the problem",
    "Then no coefficient depends on another. Does your result depend on the w it starts from?",
)
def orthogonal(answer, rng):
    Q, _ = np.linalg.qr(rng.normal(size=(12, 4)))
    X, y, alpha = np.sqrt(12) * Q, rng.normal(size=12), 0.1
    z = X.T @ y / 12
    w = answer(X, y, rng.normal(size=4), alpha)
    return close(w, np.sign(z) * np.maximum(np.abs(z) - alpha, 0.0))


@holds(
    "a column of zeros does no harm: its coefficient is zero",
    "What is the curvature of that coordinate, and what do you divide by it?",
)
def empty_column(answer, rng):
    X, y = problem(rng)
    X[:, 2] = 0.0
    return answer(X, y, rng.normal(size=6), 0.1)[2] == 0.0
