"""The width of a split conformal interval.

A regressor was fitted to some rows; r_1, ..., r_n are its absolute errors on n others. The interval
from prediction - q to prediction + q covers a new outcome with probability at least 1 - level, if
the n errors and the new one are exchangeable, where q is the k-th smallest of the r_i, with the
smallest k that makes this true for finite n: the new error is as likely to have any of n + 1 ranks.

Source: Lei, G'Sell, Rinaldo, Tibshirani and Wasserman, Distribution-free predictive inference for
regression, 2018.
"""

import numpy as np

from .._exercise import holds

chapter = "probabilistic prediction"
difficulty = 1


def returns(errors, level):
    """Return q, a number; errors is the array of the r_i, level the share that may be missed.

    n is so large that there is such a k.
    """
    return ()


def draw(rng):
    """Return n + 1 exchangeable errors and a level for which n are enough."""
    count, level = int(rng.integers(15, 40)), rng.uniform(0.1, 0.5)
    return np.abs(rng.standard_cauchy(size=count + 1)), level


def coverage(answer, errors, level):
    """Return the exact coverage: each of the errors is the new one with the same probability."""
    return np.mean([r <= answer(np.delete(errors, i), level) for i, r in enumerate(errors)])


@holds("it is one of the errors", "Nothing is interpolated: np.quantile does so by default.")
def one_of_them(answer, rng):
    errors, level = draw(rng)
    return answer(errors, level) in errors


@holds(
    "it covers a new outcome with probability at least 1 - level",
    "(1 - level) n of n errors is a little too few: the new error is one of n + 1. Round up.",
)
def covers(answer, rng):
    errors, level = draw(rng)
    return coverage(answer, errors, level) >= 1.0 - level - 1e-12


@holds(
    "it is not wider than it has to be: coverage exceeds 1 - level by less than 1 / (n + 1)",
    "The largest error covers, too, but much too much. Count from one or from zero?",
)
def not_too_wide(answer, rng):
    errors, level = draw(rng)
    return coverage(answer, errors, level) < 1.0 - level + 1.0 / len(errors) + 1e-12


@holds("the order of the errors does not matter", "The k-th smallest, not the k-th.")
def order(answer, rng):
    errors, level = draw(rng)
    return answer(errors, level) == answer(rng.permutation(errors), level)
