"""Where the path of the lasso begins.

    P(w) = |y - X w|^2 / (2 n) + alpha |w|_1

For a large alpha the minimiser is w = 0. Find the smallest such alpha; all interesting values lie
below it, so paths of solutions start there.

Source: Friedman, Hastie and Tibshirani, Regularization paths for generalized linear models via
coordinate descent, 2010.
"""

import numpy as np

from .._exercise import holds
from .._problems import lasso_objective

chapter = "sparse models"
difficulty = 1


def returns(X, y):
    """Return the smallest alpha, a number; X has shape (n, p), and n enters P."""
    return ()


def draw(rng):
    """Return X and y."""
    return rng.normal(size=(15, 6)) * rng.uniform(0.3, 3.0, size=6), rng.normal(size=15)


def values_near_zero(X, y, alpha):
    """Return P at zero, and at small steps along all coordinates, to both sides."""
    steps = 1e-4 * np.vstack([np.eye(X.shape[1]), -np.eye(X.shape[1])])
    zero = lasso_objective(X, y, np.zeros(X.shape[1]), alpha)
    return zero, [lasso_objective(X, y, w, alpha) for w in steps]


@holds(
    "above it, no step away from w = 0 lowers P",
    "The penalty resists with alpha. How hard does the steepest column pull, at w = 0, to either "
    "side?",
)
def zero_is_optimal(answer, rng):
    X, y = draw(rng)
    zero, others = values_near_zero(X, y, 1.000001 * answer(X, y))
    return min(others) >= zero


@holds(
    "below it, some step does",
    "A bound that is too careful is not the smallest. Are the n and the half of P in your formula?",
)
def smallest(answer, rng):
    X, y = draw(rng)
    zero, others = values_near_zero(X, y, 0.9 * answer(X, y))
    return min(others) < zero


@holds("the sign of y does not matter", "A column may pull to the negative side.")
def sign(answer, rng):
    X, y = draw(rng)
    return abs(answer(X, y) - answer(X, -y)) < 1e-12


@holds(
    "rows that are there twice do not change it",
    "P has the mean over rows, not the sum.",
)
def mean(answer, rng):
    X, y = draw(rng)
    return abs(answer(X, y) - answer(np.vstack([X, X]), np.append(y, y))) < 1e-12
