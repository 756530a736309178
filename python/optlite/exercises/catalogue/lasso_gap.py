"""A duality gap for the lasso: how far from the minimum is this w, at most?

    P(w) = |y - X w|^2 / (2 n) + alpha |w|_1

The dual problem is to maximise D(theta) = (|y|^2 - |y - theta|^2) / (2 n) over all theta with
|x_j' theta| <= n alpha for every column x_j of X. Then D(theta) <= min P <= P(w), and the two ends
meet at the optimum. The residual y - X w need not be feasible, but a multiple of it is: take
theta = c (y - X w), with the largest feasible c <= 1, and return P(w) - D(theta).

Sources: Kim, Koh, Lustig, Boyd and Gorinevsky, An interior-point method for large-scale
l1-regularized least squares, 2007; Fercoq, Gramfort and Salmon, Mind the duality gap: safer rules
for the lasso, 2015.
"""

from itertools import pairwise

import numpy as np

from .._exercise import holds
from .._problems import lasso_objective

chapter = "sparse models"
difficulty = 2


def returns(X, y, w, alpha):
    """Return the gap, a number; X has shape (n, p)."""
    return ()


def solved(rng, n=16, p=5):
    """Draw a lasso whose solution is known: X' X = n I."""
    Q, _ = np.linalg.qr(rng.normal(size=(n, p)))
    X, y, alpha = np.sqrt(n) * Q, rng.normal(size=n), rng.uniform(0.02, 0.2)
    z = X.T @ y / n
    return X, y, alpha, np.sign(z) * np.maximum(np.abs(z) - alpha, 0.0)


@holds(
    "it is at least the distance of P(w) from the minimum",
    "A theta that is not feasible bounds nothing. Which column violates |x_j' theta| <= n alpha "
    "most, and what c does it allow?",
)
def bounds(answer, rng):
    X, y, alpha, best = solved(rng)
    minimum = lasso_objective(X, y, best, alpha)
    points = [best + scale * rng.normal(size=5) for scale in (1e-4, 0.01, 0.1, 1.0)]
    return all(
        answer(X, y, w, alpha) >= lasso_objective(X, y, w, alpha) - minimum - 1e-12 for w in points
    )


@holds(
    "at the optimum it is zero",
    "There the residual is feasible. Are n and the halves at the same places in P and D?",
)
def tight(answer, rng):
    X, y, alpha, best = solved(rng)
    return abs(answer(X, y, best, alpha)) < 1e-10


@holds(
    "it goes to zero on the way to the optimum",
    "A bound that stays large is useless. c = 0 is feasible, but not the largest.",
)
def shrinks(answer, rng):
    X, y, alpha, best = solved(rng)
    away = rng.normal(size=5)
    gaps = [answer(X, y, best + scale * away, alpha) for scale in (1.0, 1e-2, 1e-4, 1e-6)]
    return all(later < 0.2 * earlier for earlier, later in pairwise(gaps))


@holds(
    "it is zero for w = 0 where alpha is so large that w = 0 is optimal",
    "Then y itself is feasible: c may not exceed 1, or theta is not y.",
)
def large_alpha(answer, rng):
    X, y = rng.normal(size=(12, 4)), rng.normal(size=12)
    alpha = np.abs(X.T @ y).max() / 12 * rng.uniform(1.01, 3.0)
    return abs(answer(X, y, np.zeros(4), alpha)) < 1e-12


@holds(
    "a perfect fit is no trouble",
    "With y = X w the residual is zero, and so is X' theta: what do you divide by?",
)
def perfect_fit(answer, rng):
    X, w = rng.normal(size=(12, 4)), rng.normal(size=4)
    X, w = np.round(X), np.round(3.0 * w) + 1.0
    return abs(answer(X, X @ w, w, 0.3) - 0.3 * np.abs(w).sum()) < 1e-9
