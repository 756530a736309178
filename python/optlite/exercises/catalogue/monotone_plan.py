"""The cheapest plan on a line.

Sources x_1 < ... < x_n with masses a and targets y_1 < ... < y_m with masses b lie on a line, and
moving from x to y costs |x - y|^p with p >= 1. The cheapest plan never lets two ways cross: the
leftmost mass goes to the leftmost target that has room, and so on. So the plan needs no costs:

    P_11 = min(a_1, b_1); go down if the source is empty, right if the target is full; repeat.

Source: Peyré and Cuturi, Computational optimal transport, 2019, on transport on the line and on
north-west corner rules.
"""

import itertools

import numpy as np

from .._exercise import holds
from .._problems import close

chapter = "transport"
difficulty = 1


def returns(a, b):
    """Return the plan, a matrix of sources by targets; a and b are positive and sum to 1."""
    return (len(a), len(b))


def draw(rng, rows=6, columns=4):
    """Return masses."""
    return rng.dirichlet(np.ones(rows)), rng.dirichlet(np.ones(columns))


@holds(
    "the row sums are a and the column sums b",
    "What is left of a source, and of a target, after some of it has moved?",
)
def marginals(answer, rng):
    a, b = draw(rng)
    P = answer(a, b)
    return close(P.sum(axis=1), a) and close(P.sum(axis=0), b) and P.min() >= -1e-12


@holds(
    "few entries are not zero: at most n + m - 1",
    "Each entry empties a source or fills a target.",
)
def sparse(answer, rng):
    a, b = draw(rng)
    return np.sum(answer(a, b) > 1e-12) <= len(a) + len(b) - 1


@holds(
    "what the first i sources send to the first j targets is the lesser of both masses",
    "Begin at the left end of both sides. With F_i = a_1 + ... + a_i and G_j likewise, the sum of "
    "P over the first i rows and j columns is min(F_i, G_j).",
)
def corner(answer, rng):
    a, b = draw(rng)
    sums = np.cumsum(np.cumsum(answer(a, b), axis=0), axis=1)
    return close(sums, np.minimum.outer(np.cumsum(a), np.cumsum(b)))


@holds(
    "no assignment of five points to five is cheaper",
    "With equal masses on both sides the plan is a matching: of the k-th with the k-th.",
)
def cheapest(answer, rng):
    x, y, p = np.sort(rng.normal(size=5)), np.sort(rng.normal(size=5)), rng.uniform(1.2, 3.0)
    M = np.abs(x[:, None] - y) ** p
    best = min(M[range(5), order].mean() for order in map(list, itertools.permutations(range(5))))
    return np.sum(M * answer(np.full(5, 0.2), np.full(5, 0.2))) <= best + 1e-12


@holds(
    "for p = 1 the cost is the area between both distribution functions",
    "Vallender's formula: compare the masses to the left of each place.",
)
def area(answer, rng):
    a, b = draw(rng)
    x, y = np.sort(rng.normal(size=6)), np.sort(rng.normal(size=4))
    places = np.sort(np.concatenate([x, y]))
    gap = [a[x <= t].sum() - b[y <= t].sum() for t in places[:-1]]
    cost = np.sum(np.abs(x[:, None] - y) * answer(a, b))
    return close(cost, np.abs(gap) @ np.diff(places))
