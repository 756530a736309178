"""The interval score: is this interval narrow, and does it hold?

An interval [lower, upper] is to miss the outcome y with the probability alpha, half of it on either
side: its ends are the quantiles alpha / 2 and 1 - alpha / 2. Coverage alone does not judge it, as
the whole line covers everything; width alone does not either. The score that is lowest, on average,
for the two true quantiles and for no other ends pays for both: the width, and for an outcome
outside its distance from the nearer end, times a price that alpha determines.

The price follows from the statement: moving the end u outward by du costs du for certain, and saves
price * du with the probability that y lies beyond u.

Source: Gneiting and Raftery, Strictly proper scoring rules, prediction, and estimation, 2007,
section 6.2.
"""

import numpy as np

from .._exercise import holds

chapter = "probabilistic prediction"
difficulty = 1


def returns(lower, upper, y, alpha):
    """Return the score, a number; all four are numbers, lower <= upper, 0 < alpha < 1."""
    return ()


def draw(rng):
    """Draw an interval and its alpha."""
    lower = float(rng.normal())
    return lower, lower + rng.uniform(0.5, 3.0), rng.uniform(0.05, 0.6)


@holds(
    "of an outcome inside it is the width",
    "Where y lies between the ends, nothing else is to be paid.",
)
def inside(answer, rng):
    lower, upper, alpha = draw(rng)
    y = lower + rng.uniform() * (upper - lower)
    return abs(answer(lower, upper, y, alpha) - (upper - lower)) < 1e-9


@holds(
    "no other ends score better, on average, than the true quantiles",
    "At the true quantile alpha / 2 of the outcomes lie beyond it. For which price are the cost "
    "and the saving of moving it alike?",
)
def proper(answer, rng):
    _, _, alpha = draw(rng)
    outcomes = -np.log1p(-(np.arange(400) + 0.5) / 400)  # exponential, each equally likely

    def mean(lower, upper):
        return np.mean([answer(lower, upper, float(y), alpha) for y in outcomes])

    lower, upper = -np.log1p(-0.5 * alpha), -np.log(0.5 * alpha)
    truth = mean(lower, upper)
    others = [
        (0.8 * lower, upper),
        (1.3 * lower, upper),
        (lower, 0.8 * upper),
        (lower, 1.3 * upper),
    ]
    return all(truth < mean(*other) for other in others)


@holds(
    "both sides cost alike",
    "Mirror the numbers: the lower end becomes the upper one.",
)
def mirror(answer, rng):
    lower, upper, alpha = draw(rng)
    far = [lower - 1.3, upper + 0.7]
    pairs = [(answer(lower, upper, y, alpha), answer(-upper, -lower, -y, alpha)) for y in far]
    return all(abs(a - b) < 1e-9 for a, b in pairs)


@holds(
    "it has the unit of y, and does not depend on where zero is",
    "Distances, not numbers: from metres to millimetres all but alpha is multiplied by 1000.",
)
def units(answer, rng):
    lower, upper, alpha = draw(rng)
    y, shift = upper + rng.uniform(0.1, 2.0), float(rng.normal())
    score = answer(lower, upper, y, alpha)
    ends = (1000.0 * (value + shift) for value in (lower, upper, y))
    return abs(answer(*ends, alpha) - 1000.0 * score) < 1e-7 * (1.0 + 1000.0 * abs(score))
