"""Leaving out one training point, for all of them, without fitting again.

Ridge regression minimises |y - X w|^2 + alpha |w|^2. How wrong would the prediction of y_i be, had
sample i not been in the data? One would fit n times. But taking a row away changes X' X by a matrix
of rank one, and the inverse after such a change is known in closed form: everything follows from
the residuals of the one fit, and the diagonal of H, where H y are its fitted values.

Return y_i - x_i' w_(-i) for all i, where w_(-i) is fitted to the others.

Sources: Sherman and Morrison, Adjustment of an inverse matrix corresponding to a change in one
element of a given matrix, 1950; Allen, The relationship between variable selection and data
augmentation and a method for prediction, 1974.
"""

import numpy as np

from .._exercise import holds
from .._problems import close

chapter = "curvature"
difficulty = 2


def returns(X, y, alpha):
    """Return the n errors, an array like y; X has shape (n, p), alpha > 0 is a number."""
    return y.shape


def draw(rng, n=12, p=4):
    """Draw the arguments."""
    X = rng.normal(size=(n, p)) * rng.uniform(0.5, 3.0, size=p)
    return X, rng.normal(size=n), rng.uniform(0.05, 3.0)


def fitted(X, y, alpha):
    """Return the weights of ridge regression."""
    return np.linalg.solve(X.T @ X + alpha * np.eye(X.shape[1]), X.T @ y)


@holds(
    "it is what fitting again without each sample finds",
    "Which matrix H turns y into the fitted values X w? How much of its own target does each "
    "fitted value contain, and what is left of the residual?",
)
def refits(answer, rng):
    X, y, alpha = draw(rng)
    keep = ~np.eye(len(y), dtype=bool)
    truth = [y[i] - X[i] @ fitted(X[keep[i]], y[keep[i]], alpha) for i in range(len(y))]
    return close(answer(X, y, alpha), truth, 1e-8)


@holds(
    "no error is smaller than the residual of the fit to all",
    "A sample that helps to fit itself looks better than it is. By more than it is: do you divide, "
    "or multiply?",
)
def larger_than_residuals(answer, rng):
    X, y, alpha = draw(rng)
    residual = y - X @ fitted(X, y, alpha)
    return bool(np.all(np.abs(answer(X, y, alpha)) >= np.abs(residual) * (1.0 - 1e-12)))


@holds(
    "a sample whose row is zero has its target as its error",
    "It has no part in any prediction, and its prediction is zero.",
)
def empty_row(answer, rng):
    X, y, alpha = draw(rng)
    X[3] = 0.0
    return abs(answer(X, y, alpha)[3] - y[3]) < 1e-12


@holds(
    "in samples that are far from all others the prediction is left to those",
    "A row alone in its direction is fitted almost perfectly, and predicted, without itself, by "
    "zero: its error is its target. Which small number is divided by which?",
)
def leverage(answer, rng):
    X, y, alpha = draw(rng)
    X = np.column_stack([X, np.zeros(len(y))])
    X[5] = 0.0
    X[5, -1] = 100.0
    return abs(answer(X, y, alpha)[5] / y[5] - 1.0) < 1e-6


@holds(
    "a very large alpha leaves the targets",
    "Then all weights are zero. Is alpha in H?",
)
def large_alpha(answer, rng):
    X, y, _ = draw(rng)
    return close(answer(X, y, 1e12), y, 1e-8)


@holds(
    "no error is lost if there are more columns than rows",
    "Invert a matrix that has an inverse: X' X alone has none here.",
)
def wide(answer, rng):
    X, y, alpha = draw(rng, n=5, p=9)
    keep = ~np.eye(5, dtype=bool)
    truth = [y[i] - X[i] @ fitted(X[keep[i]], y[keep[i]], alpha) for i in range(5)]
    return close(answer(X, y, alpha), truth, 1e-8)
