"""The continuous ranked probability score of an ensemble.

A forecast is often given as m members x_1, ..., x_m: runs of a weather model, trajectories of a
simulation. Their distribution function F has a jump of 1 / m at each member, and at the outcome y

    CRPS(F, y) = integral over x of (F(x) - 1[y <= x])^2 dx.

Two random members X and X' of F (which may be the same one) turn the integral into means:

    CRPS(F, y) = E |X - y| - E |X - X'| / 2.

Source: Gneiting and Raftery, Strictly proper scoring rules, prediction, and estimation, 2007,
section 4.2.
"""

import numpy as np

from .._exercise import holds

chapter = "probabilistic prediction"
difficulty = 1


def returns(members, y):
    """Return the score, a number; members is an array of shape (m,), y a number."""
    return ()


def draw(rng):
    """Draw members, and an outcome near them."""
    members = rng.normal(size=int(rng.integers(3, 9))) * rng.uniform(0.5, 3.0)
    return members, float(rng.normal())


@holds(
    "it is the integral",
    "F is constant between neighbouring members: draw it for two of them, with y in the middle.",
)
def integral(answer, rng):
    members, y = draw(rng)
    ends = np.sort(np.append(members, y))
    F = np.array([np.mean(members <= x) for x in ends[:-1]])  # between ends[i] and ends[i + 1]
    expected = np.sum(np.diff(ends) * (F - (y <= ends[:-1])) ** 2)
    return abs(answer(members, y) - expected) < 1e-9 * (1.0 + expected)


@holds(
    "of a single member it is the absolute error",
    "There is one pair of members, X = X'. Nothing may be divided by m - 1.",
)
def single(answer, rng):
    member, y = rng.normal(), float(rng.normal())
    return abs(answer(np.array([member]), y) - abs(member - y)) < 1e-12


@holds(
    "each member twice is the same forecast",
    "Both means are over the distribution of the members. How many pairs are there, and do those "
    "of a member with itself count?",
)
def twice(answer, rng):
    members, y = draw(rng)
    return abs(answer(np.repeat(members, 2), y) - answer(members, y)) < 1e-9


@holds(
    "a spread that is right scores better than none, on average",
    "The second mean is subtracted: it is the reward for members that differ.",
)
def spread(answer, rng):
    outcomes, members = rng.normal(size=(2, 40))
    right = np.mean([answer(members, float(y)) for y in outcomes])
    return right < np.mean([answer(np.zeros(40), float(y)) for y in outcomes]) - 0.05


@holds(
    "the order of the members does not matter, and signs may be turned",
    "Distances between members are absolute values.",
)
def order(answer, rng):
    members, y = draw(rng)
    score = answer(members, y)
    others = (answer(rng.permutation(members), y), answer(-members, -y))
    return all(abs(other - score) < 1e-9 for other in others)
