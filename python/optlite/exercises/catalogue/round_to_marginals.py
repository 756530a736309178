"""Make a plan feasible: from approximate marginals to exact ones.

Given a nonnegative matrix F, shrink each row i whose sum exceeds a_i so that it is a_i; then each
column j whose sum exceeds b_j so that it is b_j; what is missing now, in rows and in columns, add
as a matrix of rank one. The result has the marginals a and b. The sum of the absolute values of all
changes is at most 2 (|F 1 - a|_1 + |F' 1 - b|_1).

Source: Altschuler, Weed and Rigollet, Near-linear time approximation algorithms for optimal
transport via Sinkhorn iteration, 2017, algorithm 2 and lemma 7.
"""

import numpy as np

from .._exercise import holds
from .._problems import close, histograms

chapter = "transport"
difficulty = 2


def returns(F, a, b):
    """Return the plan, an array like F; a and b are positive and sum to 1."""
    return F.shape


def near(rng, noise):
    """Return an infeasible plan with its marginals."""
    a, b, _ = histograms(rng, 6, 4)
    return np.outer(a, b) * np.exp(noise * rng.normal(size=(6, 4))), a, b


@holds(
    "the marginals are a and b",
    "After the two shrinkings no sum is too large. How much does each row lack, and each column? "
    "Both lack the same in total.",
)
def marginals(answer, rng):
    F, a, b = near(rng, 0.5)
    P = answer(F, a, b)
    return close(P.sum(axis=1), a) and close(P.sum(axis=0), b)


@holds(
    "no entry is negative",
    "Rows are only ever shrunk, by factors of at most one: is anything scaled up, or subtracted?",
)
def nonnegative(answer, rng):
    F, a, b = near(rng, 0.5)
    F[rng.integers(6), rng.integers(4)] = 0.0
    return answer(F, a, b).min() >= 0.0


@holds(
    "a feasible plan comes back as it was",
    "Then nothing is missing: 0 / 0 must not happen, and nothing is redistributed.",
)
def feasible(answer, rng):
    a, b = np.full(4, 0.25), np.full(4, 0.25)
    F = 0.25 * np.eye(4)[rng.permutation(4)]
    return close(answer(F, a, b), F, 1e-12)


@holds(
    "it moves no more mass than the lemma says",
    "An arbitrary feasible plan, such as a b', has the marginals, too, but forgets F.",
)
def little_moved(answer, rng):
    F = rng.uniform(size=(6, 4)) ** 4  # far from a product
    F /= F.sum()
    rows, columns = F.sum(axis=1), F.sum(axis=0)
    a = rows * (1.0 + 1e-3 * rng.normal(size=6))
    a /= a.sum()
    moved = np.abs(answer(F, a, columns) - F).sum()
    return moved <= 2.0 * np.abs(rows - a).sum() + 1e-12


@holds(
    "a row without mass is no trouble",
    "By what do you divide to shrink a row, if its sum is zero?",
)
def empty_row(answer, rng):
    F, a, b = near(rng, 0.3)
    F[2] = 0.0
    P = answer(F, a, b)
    return close(P.sum(axis=1), a) and close(P.sum(axis=0), b)
