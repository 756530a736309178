"""Is this the lasso's solution? The optimality conditions, coordinate by coordinate.

    P(w) = |y - X w|^2 / (2 n) + alpha |w|_1

P has a kink where a coefficient is zero. So w is a minimiser exactly if zero lies between the two
slopes of P along each coordinate: with c_j = x_j' (y - X w) / n,

    c_j = alpha sign(w_j)  where w_j is not zero,      |c_j| <= alpha  where it is.

Return for each j by how much its condition is violated: the distance of c_j from the numbers that
it allows.

Source: Osborne, Presnell and Turlach, On the LASSO and its dual, 2000.
"""

import numpy as np

from .._exercise import holds
from .._problems import close, lasso_objective, solved_lasso

chapter = "sparse models"
difficulty = 1


def returns(X, y, w, alpha):
    """Return the violations, an array like w, none negative; X has shape (n, p)."""
    return w.shape


def slopes(X, y, w, alpha, j, length=1e-6):
    """Return how fast P changes from w along coordinate j, up and down, by differences."""
    here, unit = lasso_objective(X, y, w, alpha), np.eye(len(w))[j]
    ends = [lasso_objective(X, y, w + side * length * unit, alpha) for side in (1.0, -1.0)]
    return [(end - here) / length for end in ends]


@holds(
    "at the solution nothing is violated",
    "Work it out for one column: where is the derivative of P zero? Look at the sign of c_j, the n "
    "and the half.",
)
def nothing_at_the_solution(answer, rng):
    X, y, alpha, w, _ = solved_lasso(rng)
    return close(answer(X, y, w, alpha), 0.0, 1e-10)


@holds(
    "where w_j is not zero it is the size of the slope of P",
    "There P has one slope, to both sides. Which value must c_j have, and how far away is it? The "
    "other condition, |c_j| <= alpha, is for zeros.",
)
def slope_off_the_kink(answer, rng):
    X, y, alpha, _, _ = solved_lasso(rng)
    w = rng.choice([-1.0, 1.0], size=7) * rng.uniform(0.5, 2.0, size=7)
    truth = [abs(slopes(X, y, w, alpha, j)[0]) for j in range(7)]
    return close(answer(X, y, w, alpha), truth, 1e-4)


@holds(
    "where w_j is zero it is the steepest way down from there",
    "To each side of the kink P has another slope. By how much does |c_j| exceed what is allowed?",
)
def slope_at_the_kink(answer, rng):
    X, y, alpha, _, _ = solved_lasso(rng)
    w = np.zeros(7)
    truth = [max(0.0, -min(slopes(X, y, w, alpha, j))) for j in range(7)]
    return close(answer(X, y, w, alpha), truth, 1e-4)


@holds(
    "none is negative, and where alpha is large all zeros are in order",
    "A condition that holds with room to spare is not violated by a negative amount.",
)
def none_is_negative(answer, rng):
    X, y, alpha, _, _ = solved_lasso(rng)
    found = answer(X, y, np.zeros(7), 100.0 * np.abs(X.T @ y).max())
    return not found.any() and answer(X, y, np.zeros(7), alpha).min() >= 0.0


@holds(
    "a solution with a wrong sign is found out",
    "The sign of w_j is part of the condition; |c_j| = alpha alone is not enough.",
)
def wrong_sign(answer, rng):
    X, _, alpha, w, residual = solved_lasso(rng)
    found = answer(X, residual - X @ w, -w, alpha)
    return close(found[w != 0.0], 2.0 * alpha, 1e-9)
