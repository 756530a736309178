"""The next knot on the path of the lasso.

    P(w) = |y - X w|^2 / (2 n) + alpha |w|_1

As alpha falls, the solution moves on a straight line until a column enters or leaves; such an alpha
is a knot. Between two knots the columns A that are used, and the signs s of their coefficients, do
not change. So the optimality conditions x_j' (y - X w) = n alpha s_j, j in A, are linear equations,
and w_A is a linear function of alpha. It stays the solution as long as no coefficient in A passes
through zero, and |x_j' (y - X w)| <= n alpha for every column outside A.

Given A, s and an alpha, return the next smaller knot, or 0 if there is none. If alpha is a knot
itself, A and s are those below it.

Sources: Osborne, Presnell and Turlach, A new approach to variable selection in least squares
problems, 2000; Efron, Hastie, Johnstone and Tibshirani, Least angle regression, 2004.
"""

import numpy as np

from .._exercise import holds
from .._problems import close, solved_lasso

chapter = "sparse models"
difficulty = 3


def returns(X, y, active, signs, alpha):
    """Return the knot, a number; active has the indices of A, signs s in the same order."""
    return ()


def is_solution(X, y, active, signs, alpha):
    """Whether the columns and signs belong to the solution at alpha, up to rounding."""
    n, used = len(y), X[:, active]
    w = np.linalg.solve(used.T @ used, used.T @ y - n * alpha * signs)
    pull = np.abs(X.T @ (y - used @ w)) / n
    return bool(np.all(w * signs >= -1e-9) and np.all(pull <= alpha * (1.0 + 1e-9) + 1e-12))


def draw(rng, p=7):
    """Draw a lasso with its solution, as the arguments."""
    X, y, alpha, w, _ = solved_lasso(rng, p=p)
    active = np.flatnonzero(w)
    return X, y, active, np.sign(w[active]), alpha


@holds(
    "above the knot the columns and signs are those of the solution",
    "Which happens first, on the way down: a column outside reaches n alpha, on either side, or a "
    "coefficient reaches zero? The first is the largest alpha.",
)
def solution_above(answer, rng):
    X, y, active, signs, alpha = draw(rng)
    knot = answer(X, y, active, signs, alpha)
    between = knot + (alpha - knot) * np.array([1e-6, 0.1, 0.5, 0.9])
    return 0.0 <= knot < alpha and all(is_solution(X, y, active, signs, each) for each in between)


@holds(
    "below it they are not",
    "It is a knot that you return, not just some smaller alpha. Is 0 the answer only where nothing "
    "happens on the whole way?",
)
def no_solution_below(answer, rng):
    X, y, active, signs, alpha = draw(rng)
    knot = answer(X, y, active, signs, alpha)
    return knot == 0.0 or not is_solution(X, y, active, signs, 0.999 * knot)


@holds(
    "for orthogonal columns the knots are the |x_j' y| / n",
    "Then each column is a problem by itself. Are the n in your formulas?",
)
def orthogonal(answer, rng):
    n, pulls = 16, np.sort(rng.uniform(0.2, 1.0, size=4))[::-1] * rng.choice([-1, 1], size=4)
    Q, _ = np.linalg.qr(rng.normal(size=(n, 4)))
    X = np.sqrt(n) * Q
    y = X @ pulls
    found = [answer(X, y, np.arange(k), np.sign(pulls[:k]), abs(pulls[k - 1])) for k in (1, 2, 3)]
    return close(found, np.abs(pulls[1:]), 1e-8)


@holds(
    "a coefficient that shrinks to zero makes a knot, too",
    "Where does the line w_A(alpha) cross zero? The sign of its slope decides whether it does so "
    "on the way down.",
)
def leaves(answer, rng):
    n, least = 10, rng.uniform(0.02, 0.2)
    Q, _ = np.linalg.qr(rng.normal(size=(n, 2)))
    gram = np.array([[1.0, 1.8], [1.8, 4.0]])  # the second column is longer, and nearly parallel
    X = np.sqrt(n) * Q @ np.linalg.cholesky(gram).T
    slope = np.linalg.solve(gram, np.ones(2))  # of w as alpha falls; the second one is negative
    y = X @ (np.array([1.0, least]) + slope)
    return close(answer(X, y, np.arange(2), np.ones(2), 1.0), 1.0 - least / -slope[1], 1e-8)


@holds(
    "where all columns are used, and stay, it is zero",
    "At the end of the path are least squares, at alpha = 0.",
)
def end_of_the_path(answer, rng):
    n = 12
    Q, _ = np.linalg.qr(rng.normal(size=(n, 3)))
    X, w = np.sqrt(n) * Q, rng.choice([-1.0, 1.0], size=3) * rng.uniform(0.5, 2.0, size=3)
    return answer(X, X @ w, np.arange(3), np.sign(w), 0.2) == 0.0
